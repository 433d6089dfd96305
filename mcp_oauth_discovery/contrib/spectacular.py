"""drf-spectacular: how a schema describes the authentication of this app. `apps` imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import ResolvedComponent

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema

__all__ = ["BearerScheme"]

NAME = "mcpBearer"
DPOP_NAME = "mcpDPoP"
# The schemes that satisfy a protection, by its `dpop`: one of them is enough.
_SCHEMES = {
    None: {NAME: "bearer"},
    "accept": {NAME: "bearer", DPOP_NAME: "dpop"},
    "require": {DPOP_NAME: "dpop"},
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe `BearerAuthentication`, and classes with `BearerChallengeMixin`, as HTTP."""

    # As text, because REST framework may be importing that module for its default settings.
    target_class = "mcp_oauth_discovery.contrib.rest_framework.BearerChallengeMixin"
    match_subclasses = True
    # The extensions of drf-spectacular and of the project come first: they know the class that
    # has the mixin.
    priority = -2
    # drf-spectacular warns if two classes share a name, so this class gives none.
    name: list[str] = []

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        """Register the schemes of all classes once, and require one of those of this class."""
        schemes = _SCHEMES[self.target.protection.dpop]
        for name, scheme in schemes.items():
            auto_schema.registry.register_on_missing(
                ResolvedComponent(  # type: ignore[no-untyped-call]
                    name=name,
                    type=ResolvedComponent.SECURITY_SCHEMA,
                    object=BearerScheme,
                    schema={"type": "http", "scheme": scheme},
                )
            )
        return [{name: []} for name in schemes]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return []
