"""Providers for tests, and the clock of what is kept of them."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.verifiers import RemoteIssuer
from tests.outside.providers import FORMS, MCP, Provider
from tests.outside.servers import serving


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def server(stack):
    return stack.enter_context(serving())


@pytest.fixture
def make_provider(stack, server):
    """Return a function that starts a provider of a form."""

    def make_provider(name="keycloak"):
        # Google has its keys on a host of its own.
        keys_server = stack.enter_context(serving()) if name == "google" else server
        return Provider(FORMS[name], server, keys_server)

    return make_provider


@pytest.fixture
def provider(make_provider):
    return make_provider()


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_issuer(provider, clock):
    """Return a function that makes a `RemoteIssuer` of the provider, with a clock to set."""

    def make_issuer(issuer=None, **kwargs):
        remote = RemoteIssuer(issuer or provider.issuer, **kwargs)
        remote._keys._clock = clock  # noqa: SLF001
        remote._keys._read.__self__._clock = clock  # noqa: SLF001
        return remote

    return make_issuer


@pytest.fixture
def remote(make_issuer):
    return make_issuer()


@pytest.fixture
def verify(rf, remote):
    """Verify a token with the issuer of the test, at the endpoint."""

    def verify(token, *, verifier=remote, resource=MCP):
        return verifier(rf.post("/mcp"), token, resource)

    return verify


@pytest.fixture
def refused(verify):
    """Return why a token is refused."""

    def refused(token, **kwargs):
        with pytest.raises(InvalidToken) as caught:
            verify(token, **kwargs)
        assert type(caught.value) is InvalidToken
        return caught.value.reason

    return refused
