"""The metadata document of a client, without the public host that it would have to be on.

django-oauth-toolkit asks for such documents at https URLs of public hosts alone, which a test run
cannot have. What it does with a document is as in the example.
"""

from __future__ import annotations

from typing import Any

CLIENT = "https://client.example.com/oauth/client.json"


class Fetcher:
    def fetch(self, client_id: str) -> tuple[dict[str, Any], int]:
        """Return the document of the one client that there is, and for how long it is good."""
        assert client_id == CLIENT
        document = {
            "client_id": CLIENT,
            "client_name": "Known by its URL",
            # RFC 8252 §7.3: whatever the port.
            "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }
        return document, 300
