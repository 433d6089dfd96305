"""What a strict client refuses is refused by the validator, or reported by a check.

The strict client is the official Python SDK. Its models read URLs with the `url` crate, which
follows the WHATWG URL Standard as browsers and Node.js do.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.test import override_settings
from hypothesis import event, given
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata
from mcp.shared.auth_utils import check_resource_allowed, resource_url_from_server_url
from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from mcp_oauth_discovery.checks import identifiers as spelling
from mcp_oauth_discovery.standards.identifiers import (
    check_issuer,
    check_resource,
    check_secure_url,
    check_url,
    is_loopback,
)
from mcp_oauth_discovery.standards.members import AUTHORIZATION_SERVER, PROTECTED_RESOURCE
from tests import ASM, ORIGIN, PRM
from tests.properties.members import members_of
from tests.properties.serving import by_wsgi
from tests.properties.strategies import ISSUERS, RESOURCES, TEXTS, accepts

URL = TypeAdapter(AnyHttpUrl)


def read(text):
    """Return a URL as the SDK reads it, or None if the SDK refuses it."""
    try:
        return URL.validate_python(text)
    except ValidationError:
        return None


@given(TEXTS)
def test_url_that_the_sdk_refuses_is_refused(text):
    is_accepted = accepts(check_url, text)
    event("accepted" if is_accepted else "refused")
    assert not is_accepted or read(text) is not None


@given(TEXTS)
def test_identifier_that_rfc_9728_and_8414_refuse_is_refused(text):
    url = read(text)
    is_secure = url is not None and (url.scheme == "https" or is_loopback(url.host))
    is_bare = url is not None and url.username is None and "#" not in text
    fits = is_secure and is_bare and text.isascii() and text.isprintable() and " " not in text
    assert fits or not accepts(check_secure_url, text)
    assert fits or not accepts(check_resource, text)
    assert (fits and "?" not in text) or not accepts(check_issuer, text)


@given(RESOURCES)
def test_path_of_an_identifier_is_not_rewritten_by_the_sdk(resource):
    written = urlsplit(str(read(resource)))
    assert written.path in (urlsplit(resource).path, urlsplit(resource).path or "/")


def advice(**settings):
    """Return what the checks report about the spelling of identifiers."""
    rules = (spelling.check_upper_case, spelling.check_default_ports)
    with override_settings(**settings):
        return [message for rule in rules for message in rule()]


@given(RESOURCES)
def test_resource_that_the_sdk_refuses_at_its_own_url_is_reported(resource):
    document = ProtectedResourceMetadata(resource=resource, authorization_servers=[ORIGIN])
    asked = resource_url_from_server_url(resource)
    is_taken = check_resource_allowed(asked, str(document.resource))
    event("taken" if is_taken else "not taken")
    assert is_taken or advice(MCP_ISSUER=ORIGIN, MCP_RESOURCE=resource)


@given(ISSUERS)
def test_issuer_that_the_sdk_writes_differently_is_reported(issuer):
    # The SDK adds the slash of a root to each issuer that it reads, so it compares equal ones.
    is_same = str(read(issuer)) in (issuer, f"{issuer}/")
    assert is_same or advice(MCP_ISSUER=issuer)


@given(members=members_of(PROTECTED_RESOURCE))
def test_document_of_a_resource_is_read_by_the_sdk(db, members):
    with override_settings(MCP_ISSUER=ORIGIN, MCP_RESOURCES={"/mcp": members}):
        served = by_wsgi(ORIGIN + PRM)
    document = ProtectedResourceMetadata.model_validate_json(served.body)
    assert str(document.resource) == f"{ORIGIN}/mcp"


@given(members=members_of(AUTHORIZATION_SERVER))
def test_document_of_the_server_is_read_by_the_sdk(db, members):
    with override_settings(MCP_ISSUER=ORIGIN, MCP_AUTHORIZATION_SERVER_METADATA=members):
        served = by_wsgi(ORIGIN + ASM)
    document = OAuthMetadata.model_validate_json(served.body)
    assert str(document.issuer) == ORIGIN
