"""The insertion of well-known paths, its inverse, and the routes that find an identifier again."""

from __future__ import annotations

from django.test import override_settings
from hypothesis import assume, event, given
from hypothesis import strategies as st

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.standards.identifiers import locate
from mcp_oauth_discovery.standards.well_known import (
    append_well_known,
    insert_well_known,
    server_metadata_urls,
)
from tests import ASM, PRM
from tests.properties.serving import by_asgi, by_wsgi
from tests.properties.strategies import ISSUERS, RESOURCES


def taken_out(url, path):
    """Return the identifier of a metadata URL, by searching for the path as text."""
    before, found, after = url.partition(path)
    assert found
    return before + after


def spellings(identifier):
    """Return the identifiers with one metadata URL: a path of `/` is the same as none."""
    scheme, _, rest = identifier.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    end = rest[len(authority) :]
    ends = {end, f"/{end}"} if end[:1] in ("", "?") else {end}
    ends |= {end[1:]} if end[1:2] in ("", "?") and end[:1] == "/" else set()
    return {f"{scheme}://{authority}{end}" for end in ends}


@given(RESOURCES)
def test_insertion_for_a_resource_has_an_inverse(resource):
    assert taken_out(insert_well_known(resource, PRM), PRM) in spellings(resource)


@given(ISSUERS)
def test_insertion_for_an_issuer_has_an_inverse(issuer):
    assert taken_out(insert_well_known(issuer, ASM), ASM) in spellings(issuer)


@given(ISSUERS)
def test_appending_has_an_inverse(issuer):
    appended = append_well_known(issuer, ASM)
    assert appended.endswith(ASM)
    assert appended.removesuffix(ASM) in (issuer, issuer.removesuffix("/"))


@given(ISSUERS)
def test_every_url_that_clients_try_leads_back_to_the_issuer(issuer):
    urls = server_metadata_urls(issuer)
    assert len(set(urls)) == len(urls)
    for url in urls:
        path = next(path for path in (ASM, "/.well-known/openid-configuration") if path in url)
        assert taken_out(url, path) in {issuer, issuer.removesuffix("/")}


@given(RESOURCES, RESOURCES)
def test_resources_with_one_metadata_url_have_one_location(first, second):
    if insert_well_known(first, PRM) == insert_well_known(second, PRM):
        assert locate(first) == locate(second)


@given(resource=RESOURCES)
def test_metadata_url_leads_to_the_resource(db, resource):
    with override_settings(MCP_ISSUER="https://login.example.com", MCP_RESOURCE=resource):
        served = by_wsgi(insert_well_known(resource, PRM))
    assert (served.status, served.members["resource"]) == (200, resource)


@given(issuer=ISSUERS)
def test_metadata_url_leads_to_the_issuer(db, issuer):
    with override_settings(MCP_ISSUER=issuer):
        served = by_wsgi(insert_well_known(issuer, ASM))
    assert (served.status, served.members["issuer"]) == (200, issuer)


@given(resource=RESOURCES)
def test_metadata_url_leads_to_the_resource_on_an_asgi_server(db, resource):
    with override_settings(MCP_ISSUER="https://login.example.com", MCP_RESOURCE=resource):
        served = by_asgi(insert_well_known(resource, PRM))
    assert (served.status, served.members["resource"]) == (200, resource)


@given(resources=st.lists(RESOURCES, min_size=2, max_size=4))
def test_each_of_several_resources_is_found_by_its_own_url(db, resources):
    keys = {resource: {} for resource in resources}
    with override_settings(MCP_ISSUER="https://login.example.com", MCP_RESOURCES=keys):
        try:
            assert len(Site(None).resources) == len(keys)
        except Misconfigured:
            event("two of them share a metadata URL")
            assume(False)
        for resource in resources:
            host = locate(resource).host
            served = by_wsgi(insert_well_known(resource, PRM), host)
            # Django refuses hosts that no name in the DNS has, such as a_b.
            event(f"status {served.status}")
            assert served.status == 400 or served.members["resource"] == resource
