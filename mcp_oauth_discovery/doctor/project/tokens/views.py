"""What each protected view of the project says about a token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpRequest

from mcp_oauth_discovery.checks.guards import Guard, guards
from mcp_oauth_discovery.checks.routes import Route, routes
from mcp_oauth_discovery.conf import fixed_script_prefix
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.project.tokens.scopes import scope_verdict
from mcp_oauth_discovery.doctor.project.tokens.verdicts import (
    Outcome,
    Verdict,
    failed,
    judged,
    passed,
    skipped,
)
from mcp_oauth_discovery.doctor.project.tokens.verifying import (
    Verified,
    ask_verifiers,
    explained_failure,
)
from mcp_oauth_discovery.identity import Resource
from mcp_oauth_discovery.protection import Claims
from mcp_oauth_discovery.protection.dpop.possession import DPoP, bound_thumbprint
from mcp_oauth_discovery.standards.token_parts import Parts
from mcp_oauth_discovery.standards.wsgi import environ


@dataclass(frozen=True)
class ProtectedView:
    """A protection in the URLconf, the request that reaches it, and the resource that it is for.

    `found` is a verdict if there is no resource.
    """

    written: str
    guard: Guard
    request: HttpRequest
    found: Resource | Verdict

    @property
    def identifier(self) -> str | None:
        """The identifier of the resource, or None."""
        return self.found.identifier if isinstance(self.found, Resource) else None


@dataclass(frozen=True)
class ViewReport:
    """What a protected view says about a token."""

    written: str
    verdicts: tuple[Verdict, ...]

    @property
    def accepts(self) -> bool:
        is_verified = any(
            verdict.rule == "verify" and verdict.outcome is Outcome.PASS
            for verdict in self.verdicts
        )
        return is_verified and not any(verdict.fails for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        rules = [verdict.as_json() for verdict in self.verdicts]
        return {"route": self.written, "accepted": self.accepts, "rules": rules}


def protected_views(origin: str, token: str) -> Iterator[ProtectedView]:
    """Yield every protection of the URLconf, for requests with a token to an origin."""
    for route in routes():
        known: list[Guard] = []
        for guard in guards(route.view):
            # The attribute of a view is also that of the functions around it.
            if guard not in known:
                known.append(guard)
                yield _protected_view(route, guard, origin, token)


def _protected_view(route: Route, guard: Guard, origin: str, token: str) -> ProtectedView:
    request = _request(route.path or "/", origin, token)
    return ProtectedView(route.written, guard, request, _found(route, guard, request))


def _found(route: Route, guard: Guard, request: HttpRequest) -> Resource | Verdict:
    """Return the resource of a protection, or the verdict that says why there is none."""
    if guard.protection.resource is None and route.path is None:
        why = gettext("the URL of the view varies, so only a request decides")
        return skipped("resource", why)
    try:
        return guard.protection.lookup(request).find()
    except (Http404, SuspiciousOperation):
        text = gettext(
            "The resource is disabled, or this host does not have it: requests get a 404."
        )
        return failed("resource", text)
    except ImproperlyConfigured as error:
        text = gettext("Requests get a 500.")
        return failed("resource", f"{text} {error}")


def _request(path: str, origin: str, token: str) -> HttpRequest:
    prefix = fixed_script_prefix()
    url = f"{origin}{prefix[:-1]}{quote(path)}"
    headers = [
        ("Accept", "application/json, text/event-stream"),
        ("Authorization", f"Bearer {token}"),
        ("Content-Type", "application/json"),
    ]
    return WSGIRequest(environ("POST", url, headers, prefix=prefix))


def view_report(view: ProtectedView, parts: Parts) -> ViewReport:
    """Ask a view about a token: its verifiers, its scope and its user."""
    if isinstance(view.found, Verdict):
        why = gettext("the resource is not known")
        rules = [skipped(rule, why) for rule in ("verify", "scope")]
        return ViewReport(view.written, (view.found, *rules))
    if not view.guard.verifies:
        why = gettext(
            "an authentication class of the project verifies tokens, and only a request shows how"
        )
        rules = [skipped(rule, why) for rule in ("verify", "scope")]
        return ViewReport(view.written, tuple(rules))
    verify, dpop = view.guard.protection.verify, view.guard.protection.dpop
    details = (view.request, parts, view.found.identifier)
    verified = ask_verifiers(verify, *details, may_be_bound=dpop is not None)
    verdicts = [
        *verified.verdicts,
        *_possession_verdicts(dpop, verified.claims),
        scope_verdict(view.guard, verified.claims, parts.claims),
    ]
    if view.guard.protection.user is not None:
        verdicts.append(_user_verdict(view, verified, parts))
    return ViewReport(view.written, tuple(verdicts))


def _possession_verdicts(dpop: DPoP | None, claims: Claims | None) -> Iterator[Verdict]:
    """Yield what a view with `dpop` says about the key of a token that its verifier accepts."""
    if dpop is None or claims is None:
        return
    if "cnf" in claims:
        text = gettext("The view accepts the token only with a DPoP proof of its key.")
        yield judged("cnf", lambda: bound_thumbprint(claims), text)
    elif dpop == "require":
        text = gettext("The view accepts only tokens that are bound to a key.")
        fix = gettext("Request the token with a DPoP proof.")
        yield failed("cnf", text, "dpop_required", fix)


def _user_verdict(view: ProtectedView, verified: Verified, parts: Parts) -> Verdict:
    find: Any = view.guard.protection.user
    if verified.claims is None:
        return skipped("user", gettext("no verifier accepts the token"))
    try:
        user = find(view.request, verified.claims)
    except Exception as error:  # noqa: BLE001 - the project may raise any
        text = gettext("The user could not be looked up, so the view answers with an error.")
        return explained_failure("user", text, error, parts)
    if user is None:
        text = gettext("sub is %(sub)s, and no user who can sign in has that.")
        text %= {"sub": shown(verified.claims.get("sub"))}
        fix = gettext(
            "Is the user in this database, and active? By default, sub is the primary key."
        )
        return failed("user", text, "unknown_user", fix)
    return passed("user", gettext("The user is %(user)s.") % {"user": shown(str(user))})
