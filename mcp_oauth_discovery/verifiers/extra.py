"""The client of the extra `verifiers`, if it is installed."""

from __future__ import annotations

from mcp_oauth_discovery.verifiers.exchanges import Sender

try:
    from mcp_oauth_discovery.verifiers.clients import Client
except ImportError as error:
    _missing: ImportError | None = error
else:
    _missing = None


def make_client(owner: str) -> Sender:
    """Return a client; raises `ImportError`, which says what to type."""
    if _missing:
        text = f"{owner} needs urllib3. Run: pip install 'django-mcp-oauth-discovery[verifiers]'"
        raise ImportError(text) from _missing
    return Client()
