"""Settings of the example, but for where the metadata documents of clients come from."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import OAUTH2_PROVIDER as OF_THE_EXAMPLE

OAUTH2_PROVIDER = {**OF_THE_EXAMPLE, "CIMD_METADATA_FETCHER": "tests.clients.metadata.Fetcher"}
