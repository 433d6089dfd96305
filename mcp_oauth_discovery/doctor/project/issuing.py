"""Whether the tokens that django-oauth-toolkit issues here are those that the views accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.apps import apps

from mcp_oauth_discovery.checks.guards import guards
from mcp_oauth_discovery.checks.routes import example_site, routes
from mcp_oauth_discovery.checks.site import is_pinned, server_metadata
from mcp_oauth_discovery.conf import project_setting
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.transport.messages import Fault

# By name: django-oauth-toolkit may not be installed. This one accepts only JWTs of this site.
_VERIFIER = ("mcp_oauth_discovery.contrib.oauth_toolkit.tokens", "verify_token")


def refused_tokens() -> Iterator[Fault]:
    """Yield a fault if the toolkit issues random strings, and a view accepts only JWTs.

    Without a pinned issuer nothing is signed, which has a finding of its own.
    """
    if not apps.is_installed("oauth2_provider") or not is_pinned() or _generates():
        return
    if not server_metadata(example_site()):
        # Another server issues the tokens.
        return
    refusing = [route.path or route.written for route in routes() if _accepts_only_jwts(route.view)]
    if refusing:
        problem = gettext(
            "OAUTH2_PROVIDER has no ACCESS_TOKEN_GENERATOR: django-oauth-toolkit issues random "
            "tokens, and the view at %(path)s accepts only JWTs. Users sign in, and then get 401 "
            "again."
        )
        fix = gettext(
            'In OAUTH2_PROVIDER, write "ACCESS_TOKEN_GENERATOR": '
            '"mcp_oauth_discovery.contrib.oauth_toolkit.access_token".'
        )
        expected = gettext("tokens that the MCP endpoint accepts")
        yield Fault(problem % {"path": refusing[0]}, fix, expected)


def _generates() -> bool:
    """Return whether the project replaces the random tokens of the toolkit."""
    toolkit: Mapping[str, object] = project_setting("OAUTH2_PROVIDER", {})
    return any(toolkit.get(name) for name in ("ACCESS_TOKEN_GENERATOR", "OAUTH2_SERVER_KWARGS"))


def _accepts_only_jwts(view: object) -> bool:
    protections = [guard.protection for guard in guards(view) if guard.verifies]
    return any(_name(protection.verify) == _VERIFIER for protection in protections)


def _name(verify: object) -> tuple[str, str]:
    return getattr(verify, "__module__", ""), getattr(verify, "__qualname__", "")
