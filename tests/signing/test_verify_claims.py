"""No token is believed that is for somebody else, by somebody else or of another time."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.signing import sign_jwt
from tests import ORIGIN
from tests.keys import HOUR, NOW, SECOND, TICK
from tests.signing.tokens import (
    AUDIENCE,
    CLAIMS,
    EARLY,
    EXP,
    EXPIRED,
    ISSUER,
    RESOURCE,
    refused,
    verify,
    with_claims,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "iss",
    [
        f"{ORIGIN}/",
        f"{ORIGIN}.evil.test",
        ORIGIN.upper(),
        "https://evil.test",
        "",
        None,
        [ORIGIN],
        ...,
    ],
    ids=repr,
)
def test_another_issuer_is_not_believed(key, iss):
    assert refused(with_claims(key, iss=iss)) == ISSUER


def test_token_of_a_former_issuer_is_not_believed(settings, key):
    token = sign_jwt(CLAIMS, now=NOW)
    settings.MCP_ISSUER = f"{ORIGIN}/new"
    assert refused(token) == ISSUER


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], ["https://other.test", AUDIENCE]], ids=repr)
def test_audience_is_there(key, aud):
    assert verify(with_claims(key, aud=aud))["aud"] == aud


@pytest.mark.parametrize(
    "aud",
    [
        pytest.param(..., id="missing"),
        pytest.param(None, id="null"),
        pytest.param("", id="empty"),
        pytest.param([], id="no-members"),
        pytest.param(ORIGIN, id="prefix"),
        pytest.param(f"{AUDIENCE}/", id="slash"),
        pytest.param(f"{AUDIENCE}/x", id="suffix"),
        pytest.param(f"{AUDIENCE}2", id="starts-alike"),
        pytest.param([f"{AUDIENCE}2", ORIGIN], id="list-starts-alike"),
        pytest.param(f"https://other.test {AUDIENCE}", id="in-a-string"),
        pytest.param([[AUDIENCE]], id="nested"),
        pytest.param({AUDIENCE: 1}, id="dict"),
        pytest.param(7, id="number"),
    ],
)
def test_another_audience_is_refused(key, aud):
    assert refused(with_claims(key, aud=aud)) == RESOURCE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("exp", ..., id="exp-missing"),
        *[
            pytest.param(name, value, id=f"{name}-{value!r}")
            for name in ("exp", "nbf")
            for value in (None, True, "1", [EXP], {"a": 1}, float("nan"), float("inf"))
        ],
        pytest.param("nbf", float("-inf"), id="nbf--inf"),
    ],
)
def test_time_has_to_be_a_number(key, name, value):
    assert refused(with_claims(key, **{name: value})) == f"The token has no valid {name}"


@pytest.mark.parametrize("value", [10**400, 1e300, EXP + 0.5], ids=["huge", "large", "fraction"])
@pytest.mark.parametrize("leeway", [0, 60.0])
def test_any_number_may_be_an_expiry(key, value, leeway):
    assert verify(with_claims(key, exp=value), leeway=leeway)["exp"] == value


@pytest.mark.parametrize(
    ("seconds", "leeway", "is_valid"),
    [
        pytest.param(-SECOND, 60, True, id="before"),
        pytest.param(0 * SECOND, 60, True, id="at"),
        pytest.param(59 * SECOND, 60, True, id="within-leeway"),
        pytest.param(60 * SECOND - TICK, 60, True, id="end-of-leeway"),
        pytest.param(60 * SECOND, 60, False, id="beyond-leeway"),
        pytest.param(-TICK, 0, True, id="before-without-leeway"),
        pytest.param(0 * SECOND, 0, False, id="at-without-leeway"),
    ],
)
def test_token_expires(key, seconds, leeway, is_valid):
    token, now = with_claims(key), NOW + HOUR + seconds
    if is_valid:
        assert verify(token, now=now, leeway=leeway)
    else:
        assert refused(token, now=now, leeway=leeway) == EXPIRED


@pytest.mark.parametrize(
    ("nbf", "leeway", "is_valid"),
    [(-1, 60, True), (60, 60, True), (61, 60, False), (0, 0, True), (1, 0, False)],
)
def test_token_begins(key, nbf, leeway, is_valid):
    token = with_claims(key, nbf=int(NOW.timestamp()) + nbf)
    if is_valid:
        assert verify(token, leeway=leeway)
    else:
        assert refused(token, leeway=leeway) == EARLY


def test_claims_come_back_as_they_were_signed(key):
    mine = {"scope": "mcp", "x": {"ü": [1, 2.5, None, True]}}
    assert verify(sign_jwt({**CLAIMS, **mine}, now=NOW)).items() >= mine.items()
