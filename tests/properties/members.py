"""The members of documents: values that their checks accept, and values that make no sense."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from mcp_oauth_discovery.standards.members import (
    AUTHORIZATION_SERVER,
    ENDPOINTS,
    LOCALISABLE,
    PROTECTED_RESOURCE,
    check_member,
)
from tests.properties.strategies import ISSUERS, RESOURCES, TEXTS

_TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
_SCOPES = st.text(
    [chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\'], min_size=1, max_size=12
)
_ALGORITHMS = st.sampled_from(["RS256", "ES256", "EdDSA", "PS512", "HS256", "ES256K", "own"])
_TAGS = st.sampled_from(["de", "zh-Hant", "en-CA-x-ca", "sr-Latn-RS"])
# Values that JSON can carry, without empty ones at any depth.
_LEAVES = st.one_of(_TEXTS, st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.floats(-1, 1))
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.tuples(inner),
        st.dictionaries(_TEXTS, inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)
_PAGES = st.one_of(RESOURCES, RESOURCES.map(lambda url: f"{url}#part"))

_T, _R = AUTHORIZATION_SERVER, PROTECTED_RESOURCE
# By the check of a member.
_VALUES = {
    _R["resource_name"]: _TEXTS,
    _R["resource_documentation"]: _PAGES,
    _R["jwks_uri"]: RESOURCES,
    _R["authorization_servers"]: st.lists(ISSUERS, min_size=1, max_size=3),
    _R["scopes_supported"]: st.lists(_SCOPES, min_size=1, max_size=4),
    _R["bearer_methods_supported"]: st.lists(
        st.sampled_from(["body", "query"]), max_size=2, unique=True
    ).map(lambda methods: ["header", *methods]),
    _R["resource_signing_alg_values_supported"]: st.lists(_ALGORITHMS, min_size=1, max_size=3),
    _R["dpop_signing_alg_values_supported"]: st.lists(
        _ALGORITHMS.filter(lambda name: not name.startswith("HS")), min_size=1, max_size=3
    ),
    _R["dpop_bound_access_tokens_required"]: st.booleans(),
    _R["authorization_details_types_supported"]: st.lists(_TEXTS, min_size=1, max_size=3),
    _R["signed_metadata"]: st.just("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2gifQ.c2lnbmF0dXJl"),
    _T["ui_locales_supported"]: st.lists(_TAGS, min_size=1, max_size=3),
    _T["protected_resources"]: st.lists(RESOURCES, min_size=1, max_size=3),
    _T["mtls_endpoint_aliases"]: st.dictionaries(
        st.sampled_from(sorted(ENDPOINTS)), RESOURCES, min_size=1, max_size=3
    ),
}
# Every one of these needs the endpoints and methods of another member.
_DEPENDENT = {
    "grant_types_supported": st.lists(
        st.sampled_from(["authorization_code", "refresh_token", "implicit", "client_credentials"]),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    "token_endpoint_auth_methods_supported": st.just(["none", "client_secret_basic"]),
    "revocation_endpoint_auth_methods_supported": st.just(["none"]),
    "introspection_endpoint_auth_methods_supported": st.just(["client_secret_basic"]),
}


def values_of(table, name):
    """Return a strategy of values that a member may have."""
    return _DEPENDENT[name] if name in _DEPENDENT else _VALUES[table[name]]


@st.composite
def members_of(draw, table):
    """Return members that a document may have: known, localised and unknown ones."""
    names = draw(st.lists(st.sampled_from(sorted(table)), max_size=6, unique=True))
    members = {name: draw(values_of(table, name)) for name in names}
    if table is PROTECTED_RESOURCE and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(LOCALISABLE)))
        members[f"{name}#{draw(_TAGS)}"] = draw(values_of(table, name))
    unknown = draw(st.dictionaries(_TEXTS.map("x_{}".format), JSON, max_size=2))
    return {**members, **unknown}


def _nested(depth):
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


# What settings cannot be, and what a reader of them may not expect.
NONSENSE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=4),
    TEXTS,
    st.text(st.characters(), max_size=8),
    st.sampled_from(
        [
            *("", [], (), {}, set(), frozenset(["a"]), object(), object, len, timedelta(1)),
            *([None], [""], [[]], {"a": None}, {"a": ""}, {"": "a"}, {"a": []}, {"a": {}}, {1: 2}),
            *(10**5000, -(10**400), 2**53, 1e308, _nested(20), _nested(2000), "\ud800", ["\ud800"]),
            *({"\ud800": 1}, {None: 1}, [[["x", None]]], ("https://a.example",), "x" * 100_000),
        ]
    ),
    st.lists(TEXTS, max_size=3),
    st.dictionaries(TEXTS, st.one_of(st.none(), TEXTS, st.lists(TEXTS, max_size=2)), max_size=2),
)


def is_member(table, name, value):
    """Return whether the check of a member accepts a value."""
    try:
        check_member(table, name, value)
    except ValueError:
        return False
    return True
