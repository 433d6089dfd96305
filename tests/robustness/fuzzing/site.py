"""The site of the targets that verify tokens: an issuer that is pinned, and one signing key."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command

from mcp_oauth_discovery import rotation
from tests.keys import NOW, as_file
from tests.robustness.fuzzing.seeds import ISSUER, SIGNER


def prepare() -> None:
    """Make the tables of a new database, and pin the issuer for the rest of this process."""
    call_command("migrate", verbosity=0)
    settings.MCP_ISSUER = ISSUER
    import_signer()


def import_signer() -> None:
    rotation.import_key(as_file(SIGNER), now=NOW)
