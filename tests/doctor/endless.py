"""Run as a module: checks a project with the named endpoints, in process, as manage.py."""

from __future__ import annotations

import sys

import django
from django.conf import settings
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    settings.configure(
        INSTALLED_APPS=["corsheaders", "mcp_oauth_discovery"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        ROOT_URLCONF="tests.doctor.endless_urls",
        ALLOWED_HOSTS=["app.example.com"],
        MCP_ISSUER="https://app.example.com",
        MCP_RESOURCES={f"/{name}": {} for name in sys.argv[1].split(",")},
        USE_TZ=True,
    )
    django.setup()
    execute_from_command_line(["manage.py", "mcp_discovery", "check", *sys.argv[2:]])
