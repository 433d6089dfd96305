"""Explain one token: what it is, and what each resource of this site and its views say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.core.handlers.wsgi import WSGIRequest
from django.utils import timezone

from mcp_oauth_discovery.checks.routes import serving_urlconf
from mcp_oauth_discovery.conf import conf, fixed_script_prefix
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.output.text import few
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.project import endpoints
from mcp_oauth_discovery.doctor.project.tokens.rules import audience_verdict, token_verdicts
from mcp_oauth_discovery.doctor.project.tokens.verdicts import Outcome, Verdict, skipped
from mcp_oauth_discovery.doctor.project.tokens.verifying import ask_verifiers
from mcp_oauth_discovery.doctor.project.tokens.views import (
    ProtectedView,
    ViewReport,
    protected_views,
    view_report,
)
from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.identity.lookup import find_named
from mcp_oauth_discovery.protection import verify_token
from mcp_oauth_discovery.standards.token_parts import Parts, read_parts
from mcp_oauth_discovery.standards.wsgi import environ


@dataclass(frozen=True)
class ResourceReport:
    """What a resource and its protected views say about a token.

    `verdicts` has the audience. Without a view, it also has what `verify_token` says.
    """

    identifier: str
    verdicts: tuple[Verdict, ...]
    views: tuple[ViewReport, ...] = ()

    @property
    def accepts(self) -> bool:
        if self.views:
            return any(view.accepts for view in self.views)
        return all(verdict.outcome is Outcome.PASS for verdict in self.verdicts)


@dataclass(frozen=True)
class Explanation:
    """Everything that the command says about a token."""

    parts: Parts
    verdicts: tuple[Verdict, ...]
    resources: tuple[ResourceReport, ...]
    # Views of which no resource is known.
    others: tuple[ViewReport, ...]

    @property
    def is_verified(self) -> bool:
        """Whether this site has signed the claims."""
        outcomes = {verdict.rule: verdict.outcome for verdict in self.verdicts}
        return {outcomes["key"], outcomes["signature"]} == {Outcome.PASS}

    @property
    def accepted_by(self) -> list[str]:
        return [report.identifier for report in self.resources if report.accepts]

    @property
    def reasons(self) -> list[str]:
        """The reasons of the refusals, without repetition.

        If the token is for a resource of this site, what the others say does not matter.
        """
        own = [report for report in self.resources if not report.verdicts[0].fails]
        return list(dict.fromkeys(self._reasons(own or self.resources)))

    def _reasons(self, reports: Iterable[ResourceReport]) -> Iterator[str]:
        for report in reports:
            lists = [view.verdicts for view in report.views] or [report.verdicts]
            for verdicts in lists:
                yield from (verdict.reason for verdict in verdicts if verdict.reason)


def explain(token: str, origin: str, name: str | None) -> Explanation:
    """Explain a token, as requests to an origin with it, for the resource `name` or for all.

    Raises `ValueError` for an unknown name.
    """
    site = endpoints.site_at(origin, serving_urlconf())
    parts, now = read_parts(token), timezone.now()
    wanted = _wanted(site, name)
    views = list(protected_views(origin, token))
    # Nothing is signed for an issuer that is not set.
    issues_tokens = conf.MCP_ISSUER is not None or site.is_authorization_server
    others = [view for view in views if view.identifier is None] if name is None else []
    return Explanation(
        parts,
        tuple(token_verdicts(parts, now, issues_tokens=issues_tokens)),
        tuple(_resource_report(resource, views, parts, origin) for resource in wanted),
        tuple(view_report(view, parts) for view in others),
    )


def _wanted(site: Site, name: str | None) -> list[Resource]:
    if name is None:
        return site.resources
    resource = find_named(site, name)
    if resource is None:
        text = gettext(
            "--resource is %(name)s, which this site does not have. It has %(resources)s."
        )
        resources = ", ".join(few([resource.identifier for resource in site.resources]))
        raise ValueError(text % {"name": shown(name), "resources": resources})
    return [resource]


def _resource_report(
    resource: Resource, views: Iterable[ProtectedView], parts: Parts, origin: str
) -> ResourceReport:
    audience = audience_verdict(parts, resource.identifier)
    if not resource.enabled:
        return ResourceReport(
            resource.identifier, (audience, skipped("verify", gettext("the resource is disabled")))
        )
    own = [view_report(view, parts) for view in views if view.identifier == resource.identifier]
    if own:
        return ResourceReport(resource.identifier, (audience,), tuple(own))
    request = WSGIRequest(environ("POST", origin + fixed_script_prefix()))
    verified = ask_verifiers(verify_token, request, parts, resource.identifier)
    return ResourceReport(resource.identifier, (audience, *verified.verdicts))
