"""A document that the publication keeps, and what it was built from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from mcp_oauth_discovery.discovery.card_entries import fingerprint_at, fingerprint_of_all
from mcp_oauth_discovery.discovery.responses import Answer
from mcp_oauth_discovery.identity import Resource
from mcp_oauth_discovery.identity.index import ResourceIndex, resource_index
from mcp_oauth_discovery.signing.published import Copy
from mcp_oauth_discovery.standards.server_cards import CARD, CATALOG
from mcp_oauth_discovery.standards.well_known import JWKS


class Place(NamedTuple):
    """Which document: the path of its kind, and the rest of its URL that a pattern captures."""

    kind: str
    path: str | None = None

    @classmethod
    def of(cls, kind: str, path: str | None) -> Place:
        """Return the place for the path in a URL. A site has one JWK Set and one catalogue."""
        return cls(kind) if kind in (JWKS, CATALOG) else cls(kind, path)


class Kept(NamedTuple):
    """A document that is ready to be sent, and what it shows besides the settings.

    `copy` has the keys. The document is right from `since` to `until`, when the keys change by the
    clock; `until` is None if they never do. `resources` is the index of all resources, and
    `resource` is the one that is described. `copy` and both of these may be None. `own_settings`
    is the fingerprint of the settings that only documents of this kind show.
    """

    answer: Answer
    copy: Copy | None
    since: datetime
    until: datetime | None
    resources: ResourceIndex | None
    resource: Resource | None
    own_settings: bytes = b""

    def is_current(self, warm_copy: Callable[[], Copy | None]) -> bool:
        """Return whether keys and resources are still the same, without reading a database."""
        if self.copy is not None and (self.copy is not warm_copy() or not self._is_now()):
            return False
        if self.resources is None:
            return True
        is_same = self.resources is resource_index()
        return is_same and self.resources.is_current(self.resource)

    def _is_now(self) -> bool:
        # A clock may also be set back.
        now = timezone.now()
        return self.since <= now and (self.until is None or now < self.until)


def own_settings(place: Place) -> bytes | None:
    """Return the fingerprint of what only documents of this kind show, or None if it has none.

    A card shows one entry of `MCP_SERVER_CARDS`, and the catalogue all of them, with all resources.
    """
    if place.kind == CARD:
        return fingerprint_at(place.path)
    if place.kind == CATALOG:
        return fingerprint_of_all()
    return b""
