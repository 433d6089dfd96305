"""No document has null, an empty string, an empty list or an empty member, whatever is set."""

from __future__ import annotations

import logging
from contextlib import contextmanager

from django.test import override_settings
from hypothesis import event, given
from hypothesis import strategies as st

from mcp_oauth_discovery.checks.settings import ERRORS, check_settings
from mcp_oauth_discovery.standards.members import AUTHORIZATION_SERVER, PROTECTED_RESOURCE
from tests import ASM, JWKS, ORIGIN, PRM
from tests.properties.members import NONSENSE, members_of
from tests.properties.serving import by_wsgi
from tests.properties.strategies import ISSUERS, OWN_PATHS, RESOURCES

DOCUMENTS = (PRM, f"{PRM}/mcp", ASM, JWKS)


def empties(value, place="", depth=0):
    """Yield the places of empty values in a document; only a member itself may not be {}."""
    if value in (None, "", []) or (value == {} and depth < 2):
        yield place
    items = enumerate(value) if isinstance(value, list) else ()
    for name, item in value.items() if isinstance(value, dict) else items:
        yield from empties(item, f"{place}[{name!r}]", depth + 1)


@contextmanager
def logged():
    """Collect what the package logs."""
    texts = []
    handler = logging.Handler()
    handler.emit = lambda record: texts.append(record.getMessage())
    logger = logging.getLogger("mcp_oauth_discovery")
    logger.addHandler(handler)
    try:
        yield texts
    finally:
        logger.removeHandler(handler)


@st.composite
def members(draw, table):
    """Return members of which some are empty, nested or nonsense."""
    right = draw(members_of(table))
    names = st.one_of(st.sampled_from(sorted(table)), st.text(max_size=4))
    odd = draw(st.dictionaries(names, NONSENSE, max_size=2))
    return {**right, **odd}


PLAUSIBLE = {
    "MCP_ISSUER": ISSUERS,
    "MCP_RESOURCE": RESOURCES,
    "MCP_RESOURCES": st.dictionaries(
        st.one_of(RESOURCES, OWN_PATHS, st.just("/mcp")), members(PROTECTED_RESOURCE), max_size=3
    ),
    "MCP_RESOURCE_METADATA": members(PROTECTED_RESOURCE),
    "MCP_AUTHORIZATION_SERVERS": st.lists(ISSUERS, max_size=2),
    "MCP_AUTHORIZATION_SERVER_METADATA": members(AUTHORIZATION_SERVER),
    "MCP_SIGNING_ALGORITHMS": st.lists(st.sampled_from(["RS256", "ES256", "EdDSA"]), max_size=3),
    "MCP_SIGNED_METADATA": st.booleans(),
    "MCP_METADATA_MAX_AGE": st.integers(-1, 400),
    "MCP_JWKS_MAX_AGE": st.integers(-1, 400),
}


@st.composite
def site_settings(draw):
    """Return settings of the documents: each is left out, plausible or nonsense."""
    names = draw(st.lists(st.sampled_from(sorted(PLAUSIBLE)), min_size=1, max_size=4, unique=True))
    chosen = {}
    for name in names:
        is_nonsense = draw(st.integers(0, 5)) == 0
        chosen[name] = draw(NONSENSE if is_nonsense else PLAUSIBLE[name])
    return {"MCP_ISSUER": ORIGIN, **chosen}


@given(chosen=site_settings())
def test_no_document_has_an_empty_value(db, chosen):
    with override_settings(**chosen), logged() as texts:
        errors = check_settings()
        served = {path: by_wsgi(ORIGIN + path) for path in DOCUMENTS}
    event("checks accept the settings" if not errors else "checks refuse the settings")
    for path, answer in served.items():
        # RFC 7517 §5: the list of keys may be empty.
        allowed = {"['keys']"} if path == JWKS else set()
        assert set(empties(answer.members)) <= allowed
        assert answer.status in (200, 404, 500)
        if answer.status == 500:
            assert errors
            assert any(name in text for name in ERRORS for text in texts)


@given(chosen=site_settings())
def test_error_about_a_setting_names_it(db, chosen):
    with override_settings(**chosen):
        messages = check_settings()
    for message in messages:
        # Two settings that contradict each other are both in one message.
        assert any(name in message.msg for name in chosen)
        assert message.hint
