"""Mistakes with outside providers: each is found, and the advice is about what the site names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mcp_oauth_discovery.doctor.findings import Finding, Severity
from mcp_oauth_discovery.doctor.transport.messages import Trouble
from mcp_oauth_discovery.standards.identifiers import origin
from tests.doctor.planting import Fault
from tests.doctor.provider_forms_more import BY_NAME
from tests.doctor.providers import SiteOf
from tests.doctor.world import HTML, PRIVATE, diagnose

SETTING = "MCP_AUTHORIZATION_SERVERS"
WITH_KEYS = [name for name in BY_NAME if name not in ("google", "fusionauth")]

Plant = Callable[[SiteOf], Any]


class Mistake(Fault):
    """A fault of a site with a provider; `shows` are texts of the findings."""


MISTAKES: list[tuple[str, Mistake]] = []


def mistake(*codes: str, of: list[str] | tuple[str, ...] = tuple(BY_NAME), shows: tuple[str, ...]):
    """Add a mistake that a site can make with each of these providers."""

    def add(plant: Plant) -> Plant:
        planted = Mistake(plant.__name__, tuple(sorted(codes)), plant, shows=shows)
        MISTAKES.extend((name, planted) for name in of)
        return plant

    return add


def problems(site: SiteOf) -> list[Finding]:
    known = site.provider.codes
    return [
        finding
        for finding in diagnose(site)
        if finding.severity is not Severity.PASS and finding.code not in known
    ]


def name(site: SiteOf, issuer: str) -> None:
    site.prm["authorization_servers"] = [issuer]


def everywhere(site: SiteOf, status: int) -> None:
    for url in [*site.provider.documents, *places(site.provider.issuer)]:
        site.reply("GET", url, status=status)


def places(issuer: str) -> list[str]:
    """Return where clients look for the metadata of an issuer."""
    start = origin(issuer)
    path = issuer.removeprefix(start).rstrip("/")
    names = ("oauth-authorization-server", "openid-configuration")
    return [
        *(f"{start}/.well-known/{name}{path}" for name in names),
        f"{start}{path}/.well-known/openid-configuration",
    ]


def documents(site: SiteOf) -> list[dict[str, Any]]:
    """Return the metadata of the provider, the one that clients use first, to be changed."""
    known = site.provider.documents
    copies = {
        url: json.loads(json.dumps(known[url]))
        for url in places(site.provider.issuer)
        if url in known
    }
    for url, document in copies.items():
        site.json(url, document, Server="x")
    return list(copies.values())


@mistake("prm-server-invalid", shows=(SETTING, "https"))
def issuer_over_http(site: SiteOf):
    name(site, site.provider.issuer.replace("https:", "http:"))


@mistake("prm-server-invalid", shows=(SETTING, "not the URL of the document"))
def url_of_the_document(site: SiteOf):
    name(site, f"{site.provider.issuer.rstrip('/')}/.well-known/openid-configuration")


@mistake("prm-server-invalid", shows=("your own value in place of {ten", SETTING))
def placeholder_of_the_documentation(site: SiteOf):
    name(site, site.provider.issuer.replace("https://", "https://{tenant}."))


@mistake("as-issuer-slash", shows=("Write exactly", SETTING))
def final_slash_the_other_way(site: SiteOf):
    issuer = site.provider.issuer
    name(site, issuer.rstrip("/") if issuer.endswith("/") else f"{issuer}/")


@mistake("answer-server-error", shows=("not this site", "status page"))
def provider_that_is_down(site: SiteOf):
    everywhere(site, 503)


@mistake("as-unusable", "reach-name", shows=(SETTING, "host"))
def host_with_a_mistake(site: SiteOf):
    issuer = site.provider.issuer.replace("https://", "https://x-")
    name(site, issuer)
    for place in places(issuer):
        site.fail(place, Trouble.NAME)


@mistake("as-unusable", "reach-refused", shows=(SETTING, "provider is available"))
def provider_that_refuses_connections(site: SiteOf):
    for place in [*site.provider.documents, *places(site.provider.issuer)]:
        site.fail(place, Trouble.REFUSED)


@mistake("as-unusable", "reach-timeout", shows=(SETTING, "provider is available"))
def provider_that_does_not_answer_in_time(site: SiteOf):
    for place in places(site.provider.issuer):
        site.fail(place, Trouble.TIMEOUT)


@mistake("as-issuer-mismatch", shows=(SETTING,))
def document_of_another_tenant(site: SiteOf):
    for document in documents(site):
        document["issuer"] = f"{site.provider.issuer.rstrip('/')}-other"


@mistake("jwks-not-found", of=WITH_KEYS, shows=("404", "report the missing keys"))
def keys_that_are_gone(site: SiteOf):
    keys = next(url for url, document in site.provider.documents.items() if "keys" in document)
    site.reply("GET", keys, status=404)


@mistake("jwks-private", of=WITH_KEYS, shows=("Revoke the key",))
def private_key_in_public(site: SiteOf):
    url, keys = next(item for item in site.provider.documents.items() if "keys" in item[1])
    site.json(url, {"keys": [*keys["keys"], {**PRIVATE["EdDSA"], "kid": "p"}]})


@mistake("as-unusable", "document-html", shows=("Correct the issuer", SETTING))
def pages_of_another_site(site: SiteOf):
    name(site, "https://www.example.org")
    for place in places("https://www.example.org"):
        site.reply("GET", place, body=HTML, Content_Type="text/html")


@mistake("answer-firewall", of=["clerk"], shows=("Report the fault to the provider",))
def firewall_in_front_of_the_provider(site: SiteOf):
    for url in places(site.provider.issuer):
        site.reply("GET", url, status=403, cf_mitigated="challenge")


@mistake("answer-forbidden", of=["clerk", "keycloak"], shows=("Correct the issuer", SETTING))
def metadata_behind_a_login(site: SiteOf):
    everywhere(site, 401)


@mistake("document-html", of=["keycloak", "entra"], shows=("Report the fault to the provider",))
def page_before_the_metadata(site: SiteOf):
    [first, *_] = places(site.provider.issuer)
    site.reply("GET", first, body=HTML, Content_Type="text/html")


@mistake("document-content-type", of=["clerk", "okta"], shows=("Report the fault to the provider",))
def metadata_that_is_declared_as_text(site: SiteOf):
    [document, *_] = documents(site)
    used = next(url for url in places(site.provider.issuer) if ("GET", url) in site.replies)
    site.json(used, document, Content_Type="text/plain")


@mistake("redirect-offsite", of=["clerk", "auth0", "workos"], shows=("redirect leads to", SETTING))
def issuer_before_the_own_domain(site: SiteOf):
    for url in places(site.provider.issuer):
        to = url.replace(origin(url), "https://clerk.example.org")
        site.reply("GET", url, status=301, Location=to)


@mistake("as-documents-differ", of=["clerk", "stytch"], shows=("No known client stops",))
def documents_that_differ(site: SiteOf):
    documents(site)[1]["token_endpoint"] = f"{site.provider.issuer}/other"


@mistake("prm-server-invalid", of=["entra"], shows=("your own value in place of {ten", SETTING))
def tenant_left_as_it_is_in_the_documentation(site: SiteOf):
    name(site, "https://login.microsoftonline.com/{tenantid}/v2.0")


@mistake("as-issuer-mismatch", of=["entra"], shows=("Name one tenant", "TENANT-ID/v2.0", SETTING))
def all_tenants_at_once(site: SiteOf):
    common = "https://login.microsoftonline.com/common/v2.0"
    [document] = documents(site)
    document["issuer"] = "https://login.microsoftonline.com/{tenantid}/v2.0"
    name(site, common)
    site.json(f"{common}/.well-known/openid-configuration", document)


@mistake("as-issuer-mismatch", of=["entra"], shows=("TENANT-ID/v2.0", SETTING))
def first_version_of_the_tokens(site: SiteOf):
    tenant = "https://login.microsoftonline.com/9c2d"
    [document] = documents(site)
    document["issuer"] = "https://sts.windows.net/9c2d/"
    name(site, tenant)
    site.json(f"{tenant}/.well-known/openid-configuration", document)


@mistake("answer-bad-request", of=["entra"], shows=("AADSTS90002", "TENANT-ID/v2.0", SETTING))
def tenant_that_does_not_exist(site: SiteOf):
    issuer = "https://login.microsoftonline.com/none/v2.0"
    name(site, issuer)
    refusal = {"error": "invalid_tenant", "error_description": "AADSTS90002: Tenant not found."}
    site.json(f"{issuer}/.well-known/openid-configuration", refusal, status=400)


@mistake("as-not-found", of=["okta"], shows=("custom authorization server", SETTING))
def custom_server_that_does_not_exist(site: SiteOf):
    name(site, "https://dev-1.okta.com/oauth2/defualt")


@mistake("answer-bad-request", of=["cognito"], shows=("POOL-ID, not the domain", SETTING))
def domain_of_the_sign_in_pages(site: SiteOf):
    issuer = "https://site.auth.eu-west-1.amazoncognito.com"
    name(site, issuer)
    for place in places(issuer):
        site.reply("GET", place, status=400)


@mistake("answer-bad-request", of=["cognito"], shows=("POOL-ID", SETTING))
def pool_that_does_not_exist(site: SiteOf):
    name(site, "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_none")


@mistake("as-not-found", of=["keycloak"], shows=("exact name of the realm", SETTING))
def realm_in_capital_letters(site: SiteOf):
    name(site, "https://id.example.net/realms/Main")


@mistake("as-issuer-mismatch", of=["keycloak"], shows=("does not know its public URL",))
def provider_behind_a_proxy_that_is_not_told_so(site: SiteOf):
    [document] = documents(site)
    document["issuer"] = "http://id.example.net/realms/main"


@mistake("as-not-found", of=["supabase"], shows=("/auth/v1, with the OAuth server", SETTING))
def project_without_its_path(site: SiteOf):
    name(site, "https://ref.supabase.co")


@mistake("as-not-found", of=["supabase"], shows=("with the OAuth server enabled", SETTING))
def server_that_is_not_enabled(site: SiteOf):
    everywhere(site, 404)


@mistake("as-not-found", of=["descope"], shows=("/agentic/PROJECT-ID/SERVER-ID", SETTING))
def project_instead_of_its_server(site: SiteOf):
    name(site, "https://api.descope.com/P2x")


@mistake("as-registration", of=["workos", "clerk", "stytch"], shows=("Enable dynamic",))
def registration_that_is_not_enabled(site: SiteOf):
    for document in documents(site):
        document.pop("registration_endpoint", "")
        document.pop("client_id_metadata_document_supported", "")


@pytest.mark.parametrize(
    ("provider", "planted"),
    MISTAKES,
    ids=[f"{provider}-{planted.name}" for provider, planted in MISTAKES],
)
def test_mistake_with_a_provider_is_found_and_the_advice_leads_to_it(provider, planted):
    site = SiteOf(BY_NAME[provider])
    planted.plant(site)
    findings = problems(site)
    texts = [(one.code, one.subject, one.seen, one.fix) for one in findings]
    assert tuple(sorted({one.code for one in findings})) == planted.codes, texts
    for text in planted.shows:
        assert any(text in f"{one.seen}\n{one.fix}" for one in findings), texts
