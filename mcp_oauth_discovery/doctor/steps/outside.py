"""Advice about authorization servers on another origin: the site chooses only what it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import wraps
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.findings import Finding, Rule, Severity
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.reachability import host_of
from mcp_oauth_discovery.doctor.walk.observations import Fetched, Walk
from mcp_oauth_discovery.standards.identifiers import origin

WRONG_ISSUER = _(
    "Correct the issuer in authorization_servers (in Django: MCP_AUTHORIZATION_SERVERS): copy it "
    "from the openid-configuration of the provider, character by character."
)
WRONG_HOST = _(
    "Check the host and the port in authorization_servers (in Django: MCP_AUTHORIZATION_SERVERS). "
    "If they are right, check that the provider is available."
)
DOWN = _(
    "The provider fails, not this site. Look at its status page or its log, and try again later."
)
CLOSED_TO_PAGES = _(
    "Allow the origin of the page at the provider, such as under Trusted Origins of Okta. Clients "
    "outside of browsers do not need this."
)
NO_PKCE = _(
    "Ask the provider to announce code_challenge_methods_supported with S256. Until it does, let "
    "users sign in with this provider on a site that is its own authorization server, or use "
    "clients that are not named here."
)
NO_REGISTRATION = _(
    "Enable dynamic registration or client ID metadata documents at the provider, if it has them. "
    "Otherwise register each client there, and give its client_id to your users."
)
MOVED = _(
    "If the redirect leads to the metadata of your provider, name the issuer there in "
    "authorization_servers (in Django: MCP_AUTHORIZATION_SERVERS)."
)
NO_KEYS = _(
    "Check the issuer in authorization_servers (in Django: MCP_AUTHORIZATION_SERVERS). If it is "
    "right, report the missing keys to the provider."
)
IN_ITS_DOCUMENT = _("Report the fault to the provider: this site cannot correct its document.")
FOR_THE_PROVIDER = _("Report the fault to the provider. No known client stops at it.")

# The form of the issuers of each provider, by its hosts. Their documentation, November 2026.
_FORMS = {
    "login.microsoftonline.com": "https://login.microsoftonline.com/TENANT-ID/v2.0",
    "sts.windows.net": "https://login.microsoftonline.com/TENANT-ID/v2.0",
    "*.auth0.com": _("https://TENANT.auth0.com/, with the final slash"),
    "*.okta.com": _("https://ORG.okta.com/oauth2/ID, that of a custom authorization server"),
    "*.amazoncognito.com": _("https://cognito-idp.REGION.amazonaws.com/POOL-ID, not the domain"),
    "cognito-idp.*.amazonaws.com": "https://cognito-idp.REGION.amazonaws.com/POOL-ID",
    "accounts.google.com": "https://accounts.google.com",
    "*.oryapis.com": "https://SLUG.projects.oryapis.com",
    "*.authkit.app": "https://NAME.authkit.app",
    "*.clerk.accounts.dev": "https://NAME.clerk.accounts.dev",
    "*.supabase.co": _("https://REF.supabase.co/auth/v1, with the OAuth server enabled"),
    "api.descope.com": "https://api.descope.com/v1/apps/agentic/PROJECT-ID/SERVER-ID",
    "*.customers.stytch.com": "https://NAME.customers.stytch.com",
}


def is_outside(walk: Walk, url: str) -> bool:
    """Return whether a URL is on another origin than the endpoint, and not in this project."""
    return not walk.in_process and origin(url) != origin(walk.url)


def form_of(issuer: str) -> str:
    """Return a sentence about the form that the issuers of a provider have, or "".

    A space comes before it.
    """
    host = host_of(issuer)
    form = next((form for name, form in _FORMS.items() if fnmatchcase(host, name)), "")
    if not form and "/realms/" in urlsplit(issuer).path:
        form = _("https://HOST/realms/REALM, with the exact name of the realm")
    sentence = gettext("The issuers of this provider have the form %(form)s.")
    return f" {sentence % {'form': gettext(form)}}" if form else ""


def issuer_to_name(named: str, issuer: str) -> str:
    """Return what to do if a provider calls itself `issuer`, and the site another name."""
    if "{" in issuer:
        # Entra's documents for all tenants.
        sentence = gettext(
            "Name one tenant in authorization_servers (in Django: MCP_AUTHORIZATION_SERVERS), not "
            "all of them."
        )
        return sentence + form_of(named)
    if issuer.startswith("http:") and named.startswith("https:"):
        return gettext("The provider does not know its public URL: configure it there, with https.")
    if host_of(issuer) == "sts.windows.net":
        # Entra's first version, whose tokens have other claims.
        sentence = gettext(
            "Correct the issuer in authorization_servers (in Django: MCP_AUTHORIZATION_SERVERS)."
        )
        return sentence + form_of(issuer)
    if origin(issuer) == origin(named):
        sentence = gettext(
            "Write exactly %(issuer)s in authorization_servers (in Django: "
            "MCP_AUTHORIZATION_SERVERS)."
        )
    else:
        sentence = gettext(
            "If %(issuer)s is your provider, write exactly this in authorization_servers (in "
            "Django: MCP_AUTHORIZATION_SERVERS)."
        )
    return sentence % {"issuer": shown(issuer)}


def noted(rule: Rule) -> Rule:
    """Return a rule whose findings about a provider are information if they stop no client."""

    @wraps(rule)
    def judged(walk: Walk) -> Iterator[Finding]:
        fix = gettext(FOR_THE_PROVIDER)
        for result in rule(walk):
            is_note = not result.clients
            yield readvised(walk, result, fix, Severity.INFO) if is_note else result

    return judged


def reported(rule: Rule) -> Rule:
    """Return a rule that advises to report the faults of a provider."""

    @wraps(rule)
    def judged(walk: Walk) -> Iterator[Finding]:
        yield from (readvised(walk, result, gettext(IN_ITS_DOCUMENT)) for result in rule(walk))

    return judged


def issuer_advised(walk: Walk, place: Fetched, result: Finding) -> Finding:
    """Return a finding, with advice about the issuer if it is about metadata of a provider."""
    issuers = [server.issuer for server in walk.servers if place in server.documents]
    fix = gettext(WRONG_ISSUER)
    return readvised(walk, result, fix + form_of(issuers[0])) if issuers else result


def readvised(walk: Walk, result: Finding, fix: str, severity: Severity | None = None) -> Finding:
    """Return a finding with another fix, and another severity, if it is about another origin."""
    if not is_outside(walk, result.subject):
        return result
    return replace(result, fix=fix, django_fix="", severity=severity or result.severity)
