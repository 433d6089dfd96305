"""Challenges are read by an independent parser of RFC 9110 as they were written."""

from __future__ import annotations

from django.test import RequestFactory, override_settings
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from mcp_oauth_discovery.challenge import (
    bearer_challenge,
    insufficient_scope,
    tool_result_challenge,
    unauthorized,
)
from mcp_oauth_discovery.standards.well_known import insert_well_known
from mcp_oauth_discovery.standards.www_authenticate import (
    LONGEST_VALUE,
    Challenge,
    bearer,
    merge,
    parse,
    quote,
)
from tests import ORIGIN, PRM
from tests.properties import MOST, grammar
from tests.properties.strategies import RESOURCES

PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]
# RFC 6750 §3: what the values of most parameters may have.
PLAIN = [letter for letter in PRINTABLE if letter not in '"\\']
ODD = st.one_of(
    st.text(max_size=6),
    st.sampled_from(['a"b', "a\\b", '"', "\\", "", " ", "=", "a\r\nb", "é", "\t"]),
)
# The grammar takes half a second for each of these.
LONG = st.integers(LONGEST_VALUE - 2, LONGEST_VALUE).map("x".__mul__)
SHORT_RESOURCES = RESOURCES.filter(lambda resource: len(resource) < 300)
PLAIN_TEXTS = st.one_of(
    st.text(PLAIN, min_size=1, max_size=20), st.sampled_from(["a, Basic realm=x", "a=b", " ,"])
)
TEXTS = st.one_of(PLAIN_TEXTS, PLAIN_TEXTS, st.text(PRINTABLE, min_size=1, max_size=20), ODD)
NAMES = st.one_of(
    st.sampled_from(["realm", "scope", "error", "error_description", "error_uri", "Realm", "a b"]),
    st.text("!#$%&'*+-.^_`|~09azAZ", min_size=1, max_size=6),
    st.text("!#$%&'*+-.^_`|~09azAZ", min_size=1, max_size=6),
)
TOKENS = st.text(PLAIN[1:], min_size=1, max_size=12)
SCOPES = st.one_of(
    st.lists(TOKENS, min_size=1, max_size=3),
    st.lists(TOKENS, min_size=1, max_size=3).map(" ".join),
    st.lists(TOKENS, min_size=1, max_size=3),
    st.lists(TEXTS, max_size=3),
    TEXTS,
    st.none(),
)
# RFC 9110 §5.6.4: what a quoted-string can carry.
CARRIED = st.text(
    ["\t", *(chr(code) for code in [*range(0x20, 0x7F), *range(0x80, 0x100)])], max_size=30
)
HEADERS = [{}, {"authorization": "Bearer x"}]


def taken(call, *args, **kwargs):
    """Return the result of a call, whose values the API must accept."""
    try:
        return call(*args, **kwargs)
    except ValueError:
        event("refused")
        assume(False)


@given(CARRIED)
def test_quoted_string_is_read_as_it_was_written(value):
    [challenge] = grammar.challenges(f"Bearer a={quote(value)}")
    assert challenge.parameters == [("a", value)]


@given(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=4))
def test_parameters_are_read_as_they_were_written(parameters):
    challenge = taken(bearer, parameters)
    expected = [(name.lower(), value) for name, value in parameters.items()]
    assert grammar.challenges(str(challenge)) == [("Bearer", expected, None)]


@settings(max_examples=MOST // 100 or 3)
@given(st.sampled_from(["scope", "realm", "Error", "own"]), LONG)
def test_longest_value_is_read_as_it_was_written(name, value):
    challenge = taken(bearer, {name: value})
    event(f"{len(value)} characters")
    assert grammar.challenges(str(challenge)) == [("Bearer", [(name.lower(), value)], None)]


@given(st.data(), st.sampled_from(HEADERS))
def test_challenge_of_a_request_is_read_as_it_was_written(data, headers):
    request = RequestFactory().post("/mcp", headers=headers)
    values = {name: data.draw(st.none() | TEXTS) for name in ("error", "error_description")}
    resource, scope = data.draw(SHORT_RESOURCES), data.draw(SCOPES)
    with override_settings(MCP_ISSUER=ORIGIN, MCP_RESOURCE=resource):
        header = taken(bearer_challenge, request, scope=scope, **values)
    [challenge] = grammar.challenges(header)
    read = dict(challenge.parameters)
    assert len(read) == len(challenge.parameters)
    assert read.pop("resource_metadata") == insert_well_known(resource, PRM)
    tokens = scope.split(" ") if isinstance(scope, str) else scope or []
    assert read.pop("scope", "") == " ".join(dict.fromkeys(tokens))
    is_shown = headers or values["error"] == "insufficient_scope"
    assert read == ({name: v for name, v in values.items() if v is not None} if is_shown else {})


@given(SCOPES, SCOPES, TEXTS, st.sampled_from(HEADERS))
def test_every_refusal_and_tool_result_has_a_challenge(scope, granted, description, headers):
    request = RequestFactory().post("/mcp", headers=headers)
    with override_settings(MCP_ISSUER=ORIGIN):
        answers = [
            taken(unauthorized, request, scope=scope, error_description=description),
            taken(
                insufficient_scope, request, scope, granted=granted, error_description=description
            ),
        ]
        result = taken(
            tool_result_challenge, request, scope, granted=granted, error_description=description
        )
    written = [answer["WWW-Authenticate"] for answer in answers]
    for header in [*written, *result["_meta"]["mcp/www_authenticate"]]:
        [challenge] = grammar.challenges(header)
        assert challenge.scheme == "Bearer"
        assert dict(challenge.parameters)["resource_metadata"] == f"{ORIGIN}{PRM}/mcp"


@st.composite
def headers_of_others(draw):
    """Return the header of another app, with several schemes and all forms of a parameter."""
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        scheme = draw(st.sampled_from(["Basic", "Bearer", "bearer", "Digest", "Negotiate"]))
        if draw(st.booleans()) and scheme == "Negotiate":
            parts.append(f"{scheme} {draw(st.text('azAZ09-._~+/', min_size=1, max_size=8))}==")
            continue
        names = st.text("abcxyz-", min_size=1, max_size=4)
        values = draw(st.dictionaries(names, CARRIED, min_size=1, max_size=3))
        space = draw(st.sampled_from([", ", ",", " , ", "\t,"]))
        parts.append(f"{scheme} " + space.join(f"{n}={quote(v)}" for n, v in values.items()))
    return draw(st.sampled_from([", ", ",", " ,\t"])).join(parts)


@given(headers_of_others())
def test_header_is_read_as_the_grammar_reads_it(header):
    ours = [(each.scheme, dict(each.parameters), each.token68) for each in parse(header)]
    theirs = grammar.challenges(header) if header else []
    assert ours == [(scheme, dict(parameters), token) for scheme, parameters, token in theirs]


@given(headers_of_others(), st.dictionaries(st.sampled_from(["scope", "realm"]), TEXTS))
def test_merged_header_keeps_what_it_had(header, parameters):
    challenge = Challenge("Bearer", {"resource_metadata": "https://a.example/x", **parameters})
    taken(bearer, challenge.parameters)
    first, *others = grammar.challenges(merge(header, challenge))
    assert first.scheme == "Bearer"
    assert dict(first.parameters)["resource_metadata"] == "https://a.example/x"
    former = grammar.challenges(header) if header else []
    assert others == [each for each in former if each.scheme.lower() != "bearer"]
