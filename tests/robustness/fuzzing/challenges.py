"""A `WWW-Authenticate` header that was read stays the same if it is written and read again."""

from __future__ import annotations

from dataclasses import replace

from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.challenges import challenges_of, malformation
from mcp_oauth_discovery.doctor.walk.observations import Exchange
from mcp_oauth_discovery.standards.www_authenticate import (
    Challenge,
    bearer,
    merge,
    parse,
    parse_repeated,
)

OURS = bearer({"error": "invalid_token", "resource_metadata": "https://a.example.com/m"})
URL = "https://a.example.com/mcp"

SEEDS = (
    b'Bearer resource_metadata="https://app.example.com/.well-known/oauth-protected-resource/mcp"',
    b'Bearer realm="a", scope="mcp files:write", error="invalid_token"',
    b'Basic realm="\\"quoted\\", \\\\", Bearer error=invalid_token',
    b"Negotiate YII=, NTLM, , Bearer scope=mcp",
    b'DPoP algs="ES256", nonce = "x"\nBearer',
    b'Bearer scope="a", scope="b"',
    b"Bearer resource_metadata=https://app.example.com/metadata",
    b'Digest realm="\xe9", nonce="\t", =, x',
    b"Bearer " + b'a="' + b"\\" * 40 + b'"',
)


def run(octets: bytes) -> None:
    lines = octets.decode("latin-1").split("\n")
    _check_doctor(lines)
    try:
        challenges = parse_repeated(*lines)
    except ValueError:
        return
    for challenge in challenges:
        assert challenge.scheme
        assert challenge.token68 is None or not challenge.parameters
    assert _read(", ".join(map(str, challenges))) == _members(challenges)
    rewritten = [str(replace(challenge, text=None, repeated={})) for challenge in challenges]
    firsts = [members[:3] for members in _members(challenges)]
    assert [members[:3] for members in _read(", ".join(rewritten))] == firsts
    if not any(challenge.repeated for challenge in challenges):
        assert _members(parse(*lines)) == _members(challenges)
        _check_merged(", ".join(lines), challenges)


def _read(header: str) -> list[tuple[object, ...]]:
    return _members(parse_repeated(header))


def _members(challenges: list[Challenge]) -> list[tuple[object, ...]]:
    return [
        (one.scheme, dict(one.parameters), one.token68, dict(one.repeated)) for one in challenges
    ]


def _check_merged(header: str, challenges: list[Challenge]) -> None:
    """Hold what `merge` writes: one Bearer challenge, which comes first, and all others."""
    merged = parse(merge(header, OURS))
    others = [challenge for challenge in challenges if not challenge.is_bearer]
    assert [challenge.is_bearer for challenge in merged] == [True] + [False] * len(others)
    assert _members(merged[1:]) == _members(others)
    assert merged[0].parameters.keys() >= OURS.parameters.keys()


def _check_doctor(lines: list[str]) -> None:
    """Hold that the doctor reads what clients read, and finds what they cannot read."""
    fields = tuple(("WWW-Authenticate", line) for line in lines)
    exchange = Exchange(URL, Answer("POST", URL, 401, fields))
    fault, challenges = malformation(exchange), challenges_of(exchange)
    if fault is None:
        assert _members(challenges) == _read(", ".join(lines))
    else:
        assert fault.problem
        assert fault.problem.isprintable()
