"""Protected resource metadata that is elsewhere, about something else, or not enough."""

from __future__ import annotations

from tests import PRM
from tests.gallery.by_hand import Site, broken


@broken("prm-challenge-not-found")
def challenge_leads_to_nothing(site: Site) -> None:
    site.challenge = f'Bearer resource_metadata="{site.origin}{PRM}/api/mcp", scope="mcp"'


@broken("prm-resource-not-exact", says=("Go SDK",))
def resource_with_a_slash(site: Site) -> None:
    site.prm["resource"] += "/"


@broken("as-unusable", "reach-name", says=("nobody here is called",))
def authorization_server_has_no_address(site: Site) -> None:
    site.prm["authorization_servers"] = ["https://id.example.net"]


@broken("endpoint-elsewhere", "endpoint-not-found", path="/mpc", says=("Check http://127.0.0.1:",))
def user_typed_another_path(site: Site) -> None:
    """Nothing is wrong with the site itself."""
