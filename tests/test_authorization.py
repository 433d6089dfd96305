from __future__ import annotations

import pytest

from mcp_oauth_discovery.standards.authorization import (
    Malformed,
    Repeated,
    presents_bearer,
    read_bearer,
)


@pytest.mark.parametrize(
    "header", ["Bearer a.b-c_d~e+f/g==", "bearer a.b-c_d~e+f/g==", " BEARER   a.b-c_d~e+f/g== \t"]
)
def test_token_is_read(header):
    assert read_bearer(header) == "a.b-c_d~e+f/g=="


@pytest.mark.parametrize(
    "header", ["", " ", "Basic YTpi", "Bearers x", "DPoP x", 'Digest a="bearer b"']
)
def test_other_credentials_are_not_ours(header):
    assert read_bearer(header) is None
    assert not presents_bearer(header)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer\tx",
        "Bearer a b",
        "Bearer =",
        "Bearer a,b",
        "Bearer é",
        "Bearer a\x00",
    ],
)
def test_what_is_no_token_is_malformed(header):
    assert presents_bearer(header)
    with pytest.raises(Malformed):
        read_bearer(header)


@pytest.mark.parametrize(
    "header", ["Bearer a,Bearer b", "bearer a, BEARER b", "Basic YTpi, Bearer b"]
)
def test_more_than_one_set_of_credentials_is_told_apart(header):
    assert presents_bearer(header)
    with pytest.raises(Repeated):
        read_bearer(header)


@pytest.mark.parametrize(
    ("begin", "part"),
    [
        ("Bearer", " "),
        ("Bearer", "\t"),
        ("Bearer ", "a"),
        ("Bearer ", "a="),
        ("Bearer ", "="),
        ("Bearer ", "a "),
        ("Bearer ", "a,"),
    ],
)
def test_long_header_is_malformed_like_a_short_one(begin, part):
    # Where each place is compared with all that follow, this takes an hour.
    with pytest.raises(Malformed):
        read_bearer(begin + part * (2_000_000 // len(part)) + "!")


@pytest.mark.parametrize("part", [" ", ",", ", ", ", \t", '"', "bearer", "Basic YTpi, "])
def test_long_header_of_another_scheme_is_not_ours(part):
    assert read_bearer("Basic " + part * (2_000_000 // len(part)) + "!") is None


def test_many_credentials_are_more_than_one():
    with pytest.raises(Repeated):
        read_bearer("Bearer a, " * 200_000)
