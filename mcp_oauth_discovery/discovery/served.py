"""The documents of a site as they are served: where each one is, and what a request for it gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import responses
from typing import Any

from django.urls import NoReverseMatch
from django.utils.translation import gettext_noop

from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.standards.server_cards import CATALOG
from mcp_oauth_discovery.standards.well_known import (
    AUTHORIZATION_SERVER,
    JWKS,
    PROTECTED_RESOURCE,
    insert_well_known,
)

# English in reports, and translated where pages show them.
RESOURCE_TITLE = gettext_noop("Protected resource metadata")
SERVER_TITLE = gettext_noop("Authorization server metadata")
KEYS_TITLE = gettext_noop("JWK Set")
CARD_TITLE = gettext_noop("Server card")
CATALOG_TITLE = gettext_noop("Catalogue")


@dataclass(frozen=True)
class Served:
    """A document as it is served, or the problem that keeps it from being served.

    `status` is 0 if there is no answer. `note` explains why the site works without the document.
    """

    title: str
    url: str = ""
    status: int = 0
    cache_control: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    note: str = ""

    @property
    def answer(self) -> str:
        """The status and the caching, such as `200 OK, no-store`."""
        status = f"{self.status} {responses.get(self.status, '')}".strip() if self.status else ""
        return ", ".join(filter(None, (status, self.cache_control)))

    @property
    def text(self) -> str:
        """The document as indented JSON; empty if there is none."""
        is_served = self.status == HTTPStatus.OK
        return json.dumps(self.members, indent=2, ensure_ascii=False) if is_served else ""


def resource_url(resource: Resource) -> str:
    """Return the URL of the metadata of a resource."""
    return insert_well_known(resource.identifier, PROTECTED_RESOURCE)


def server_url(site: Site) -> str:
    """Return the URL of the metadata of a site's issuer."""
    return insert_well_known(site.issuer, AUTHORIZATION_SERVER)


def keys_url(site: Site) -> str:
    """Return the URL of the JWK Set; the usual one if the URLs are not included."""
    try:
        return site.url_for("mcp_oauth_discovery:jwks")
    except NoReverseMatch:
        return site.origin + JWKS


def catalog_url(site: Site) -> str:
    """Return the URL of the catalogue, at the root like all that clients look for."""
    return site.origin + CATALOG
