from __future__ import annotations

import re
from urllib.request import parse_http_list, parse_keqv_list

import pytest

from mcp_oauth_discovery.standards.www_authenticate import (
    LONGEST_HEADER,
    LONGEST_VALUE,
    Challenge,
    bearer,
    merge,
    parse,
    quote,
    scope_tokens,
)

URL = "https://app.example.com/.well-known/oauth-protected-resource/mcp"


def facts(challenges):
    return [(one.scheme, one.token68 or dict(one.parameters)) for one in challenges]


@pytest.mark.parametrize(
    ("header", "expected"),
    {
        "": [],
        " , ,\t": [],
        "Basic": [("Basic", {})],
        "Negotiate, Basic": [("Negotiate", {}), ("Basic", {})],
        'Basic realm="x"': [("Basic", {"realm": "x"})],
        "Basic   realm=x": [("Basic", {"realm": "x"})],
        'Basic , realm="x"': [("Basic", {"realm": "x"})],
        'Basic realm\t=  "x"': [("Basic", {"realm": "x"})],
        'BASIC ReAlM="x"': [("BASIC", {"realm": "x"})],
        'Basic realm=""': [("Basic", {"realm": ""})],
        r'Basic realm="a \"b\" \\ c, d=e"': [("Basic", {"realm": r'a "b" \ c, d=e'})],
        'Basic realm="caf\xe9"': [("Basic", {"realm": "caf\xe9"})],
        "Negotiate YII=": [("Negotiate", "YII=")],
        "Negotiate abc==, Basic realm=x": [("Negotiate", "abc=="), ("Basic", {"realm": "x"})],
        "Custom a=": [("Custom", "a=")],
        "Custom a=b": [("Custom", {"a": "b"})],
        ', ,Bearer a="b",,c=d ,\tDPoP algs="ES256 EdDSA",': [
            ("Bearer", {"a": "b", "c": "d"}),
            ("DPoP", {"algs": "ES256 EdDSA"}),
        ],
        'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"': [
            ("Newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
            ("Basic", {"realm": "simple"}),
        ],
    }.items(),
)
def test_header_is_read(header, expected):
    assert facts(parse(header)) == expected


@pytest.mark.parametrize(
    "header",
    [
        'realm="x"',
        '="x"',
        '"x"',
        "Bearer a b",
        "Bearer\ta=b",
        'Bearer a="b',
        'Bearer a="b" c="d"',
        'Bearer a="b";c="d"',
        "Bearer a=b=c",
        'Bearer a="b\r\nSet-Cookie: x"',
        "Bearer a=b\r\n",
        "Bearer a=\x00",
        'Bearer a="\U0001f600"',
        "Bearer a=b, A=c",
        "Negotiate abc==, realm=x",
        "Bearer a=,b=c",
        "Bearer/x a=b",
    ],
)
def test_header_that_breaks_the_grammar_is_refused(header):
    with pytest.raises(ValueError, match=r"expected|appears twice"):
        parse(header)


def test_several_lines_are_one_list():
    assert facts(parse("Basic realm=x", "", "Bearer a=b")) == [
        ("Basic", {"realm": "x"}),
        ("Bearer", {"a": "b"}),
    ]


@pytest.mark.parametrize(
    "text", ["Basic", 'Digest realm="x", qop=auth, stale=true', "Negotiate YII=", "A  b =  c"]
)
def test_challenge_keeps_its_wording(text):
    assert [str(one) for one in parse(f"{text} , X")] == [text, "X"]


@pytest.mark.parametrize("challenge", [Challenge("Basic"), Challenge("Negotiate", token68="a=")])
def test_challenge_without_parameters_is_written(challenge):
    assert facts(parse(str(challenge))) == facts([challenge])


@pytest.mark.parametrize("size", [0, 1, 8192])
def test_long_header_is_read(size):
    assert facts(parse(f'Bearer a="{"x" * size}"')) == [("Bearer", {"a": "x" * size})]


@pytest.mark.parametrize("value", ["", "x", 'a "b" \\ c', "caf\xe9\t"])
def test_quoted_value_is_read_back(value):
    [challenge] = parse(f"Bearer a={quote(value)}")
    assert challenge.parameters == {"a": value}


def test_only_quotation_marks_and_backslashes_are_escaped():
    sendable = "".join(chr(n) for n in (0x09, *range(0x20, 0x7F), *range(0x80, 0x100)))
    assert re.findall(r"\\(.)", quote(sendable)) == ['"', "\\"]


@pytest.mark.parametrize("value", ["x", 'a "b" \\ c, d=e', "a, b", "https://h/a?b=c,d"])
def test_parser_that_nobody_here_wrote_reads_the_same(value):
    written = str(Challenge("Bearer", {"a": value, "b": "c"})).removeprefix("Bearer ")
    assert parse_keqv_list(parse_http_list(written)) == {"a": value, "b": "c"}


@pytest.mark.parametrize("stray", ["\r", "\n", "\x00", "\x7f", "\u2028", "\U0001f600"])
def test_what_no_header_carries_is_not_written(stray):
    with pytest.raises(ValueError, match="a header cannot contain"):
        str(Challenge("Bearer", {"a": f"x{stray}y"}))


def test_parameters_are_quoted_and_in_their_order():
    challenge = bearer({"resource_metadata": URL, "Scope": "a b", "error": None})
    assert str(challenge) == f'Bearer resource_metadata="{URL}", scope="a b"'


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "at least one parameter"),
        ({"scope": None}, "at least one parameter"),
        ({"realm": "a", "Realm": "b"}, "'realm' appears twice"),
        ({"a b": "c"}, "is not the name of a parameter"),
        ({"": "c"}, "is not the name of a parameter"),
        ({"realm": 7}, "realm: expected a string, not int"),
        ({"realm": ""}, "realm: expected a value"),
        ({"scope": "a  b"}, "one space between them"),
        ({"scope": " a"}, "one space between them"),
        ({"realm": "x" * (LONGEST_VALUE + 1)}, "at most 2000 fit"),
        ({"error_uri": "https://h/a b"}, "error_uri: ' ' is not allowed"),
        ({"resource_metadata": "https://h/a b"}, "resource_metadata: ' ' is not allowed"),
    ],
)
def test_bearer_challenge_that_cannot_be_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        bearer(parameters)


def outside(*ranges):
    """Return each of the first 256 characters that is in none of the ranges, and some later."""
    return [*(chr(n) for n in range(256) if not any(a <= n <= b for a, b in ranges)), "\u2028"]


SOLID = (0x21, 0x21), (0x23, 0x5B), (0x5D, 0x7E)


@pytest.mark.parametrize("name", ["error", "error_description", "scope"])
def test_text_has_the_characters_of_rfc_6750_and_no_others(name):
    allowed = "".join(chr(n) for first, last in SOLID for n in range(first, last + 1))
    assert bearer({name: f"{allowed} x"}).parameters[name] == f"{allowed} x"
    for stray in outside((0x20, 0x20), *SOLID):
        with pytest.raises(ValueError, match=f"{name}: .+ is not allowed"):
            bearer({name: f"x{stray}y"})


@pytest.mark.parametrize("name", ["error_uri", "resource_metadata"])
def test_uri_has_the_characters_of_rfc_6750_and_no_others(name):
    allowed = "".join(chr(n) for first, last in SOLID for n in range(first, last + 1))
    assert bearer({name: allowed}).parameters[name] == allowed
    for stray in outside(*SOLID):
        with pytest.raises(ValueError, match=f"{name}: .+ is not allowed"):
            bearer({name: f"x{stray}y"})


@pytest.mark.parametrize(
    ("scope", "tokens"),
    [
        (None, ()),
        ("", ()),
        ((), ()),
        ("a", ("a",)),
        ("b a b", ("b", "a")),
        (["b", "a", "b"], ("b", "a")),
        (iter(["x:y"]), ("x:y",)),
    ],
)
def test_scope_is_taken_apart(scope, tokens):
    assert scope_tokens(scope) == tokens


@pytest.mark.parametrize(
    "scope", ["a  b", " a", "a\tb", "a\n", 'a"', "\\", "é", ["a b"], [""], [7], 5]
)
def test_scope_with_what_is_no_token_is_refused(scope):
    with pytest.raises(ValueError, match="scope: "):
        scope_tokens(scope)


NEW = bearer({"resource_metadata": URL, "scope": "mcp"})


@pytest.mark.parametrize(
    ("existing", "merged"),
    {
        "": str(NEW),
        'Basic realm="x"': f'{NEW}, Basic realm="x"',
        "Digest qop=auth, DPoP algs=ES256": f"{NEW}, Digest qop=auth, DPoP algs=ES256",
        "Negotiate": f"{NEW}, Negotiate",
        "bearer": str(NEW),
        "Bearer abc=": str(NEW),
        "bearer SCOPE=mine, realm=r": f'Bearer scope="mine", realm="r", resource_metadata="{URL}"',
        'Bearer scope="", realm="é"': str(NEW),
        'Basic realm="x", Bearer error="invalid_token"': (
            f'Bearer error="invalid_token", resource_metadata="{URL}", scope="mcp", Basic realm="x"'
        ),
        'Bearer scope="a", Bearer scope="b", realm="\\"r\\""': (
            f'Bearer scope="a", realm="\\"r\\"", resource_metadata="{URL}"'
        ),
    }.items(),
)
def test_challenge_is_merged_into_what_is_there(existing, merged):
    header = merge(existing, NEW)
    assert facts(parse(header)) == facts(parse(merged))
    assert header.startswith("Bearer ")
    assert header.lower().count("bearer") == 1


def test_other_schemes_keep_their_wording_in_a_merge():
    assert merge('Digest realm="x", qop=auth', NEW) == f'{NEW}, Digest realm="x", qop=auth'


@pytest.mark.parametrize("name", ["error", "error_description", "error_uri"])
def test_parameter_about_an_error_appears_once(name):
    with pytest.raises(ValueError, match=f"'{name}' appears twice"):
        bearer({name: "a", name.title(): "b"})
    header = merge(f'Bearer {name}="a", bearer {name.upper()}="b"', NEW)
    assert parse(header)[0].parameters[name] == "a"
    assert header.lower().count(f"{name}=") == 1


def test_merging_twice_changes_nothing_more():
    once = merge('Basic realm="x"', NEW)
    assert merge(once, NEW) == once


def test_header_that_cannot_be_read_is_not_merged_with():
    with pytest.raises(ValueError, match="expected"):
        merge('Bearer a="b', NEW)


def many_challenges():
    """Return a header of as many challenges as there is room for, each with another parameter."""
    return ", ".join(f"Bearer p{number}=v" for number in range(LONGEST_HEADER))[:LONGEST_HEADER]


def test_many_challenges_are_merged_into_one():
    # Half of the room: what comes of it has more quotation marks.
    header = many_challenges()[: LONGEST_HEADER // 2].rpartition(",")[0]
    [challenge] = parse(merge(header, NEW))
    parameters = dict(challenge.parameters)
    assert (parameters.pop("resource_metadata"), parameters.pop("scope")) == (URL, "mcp")
    assert len(parameters) > 1500
    assert set(parameters.values()) == {"v"}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f'Bearer realm="{"x" * LONGEST_HEADER}"', id="one"),
        pytest.param(many_challenges() * 16, id="many"),
        pytest.param("," * 16 * LONGEST_HEADER, id="none"),
    ],
)
@pytest.mark.parametrize("read", [parse, lambda header: merge(header, NEW)], ids=["parse", "merge"])
def test_header_that_is_too_long_is_refused(header, read):
    with pytest.raises(ValueError, match=r"^\d+ characters, of which at most 65536 are read$"):
        read(header)


def test_lines_that_are_too_long_together_are_refused():
    line = 'Bearer realm="x"'
    with pytest.raises(ValueError, match="at most 65536 are read"):
        parse(*[line] * LONGEST_HEADER)


def test_header_of_the_greatest_length_is_read():
    rest = LONGEST_HEADER - len('Bearer realm=""')
    assert parse(f'Bearer realm="{"x" * rest}"')[0].parameters == {"realm": "x" * rest}
