from __future__ import annotations

from corsheaders.signals import check_request_enabled
from django.apps import AppConfig

from example_project.cors import is_for_mcp_clients


class ExampleConfig(AppConfig):
    name = "example_project"

    def ready(self) -> None:
        check_request_enabled.connect(is_for_mcp_clients, dispatch_uid="example_project.cors")
