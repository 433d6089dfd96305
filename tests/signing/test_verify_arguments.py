"""What `verify_jwt` is asked has to make sense, whatever the token is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.keys import HOUR, NOW
from tests.signing.tokens import CLAIMS, EXPIRED, forge, refused, verify, with_claims

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"leeway": float("nan")}, ValueError, "leeway is nan; expected 0 to 3600 seconds."),
        ({"leeway": float("inf")}, ValueError, "leeway is inf; expected 0 to 3600 seconds."),
        ({"leeway": 1e308}, ValueError, "leeway is 1e+308; expected 0 to 3600 seconds."),
        ({"leeway": 10**400}, ValueError, "expected 0 to 3600 seconds."),
        ({"leeway": 3601}, ValueError, "leeway is 3601; expected 0 to 3600 seconds."),
        ({"leeway": -1}, ValueError, "leeway is -1; expected 0 to 3600 seconds."),
        ({"leeway": "60"}, TypeError, "leeway is '60'; expected a number of seconds."),
        ({"leeway": None}, TypeError, "leeway is None; expected a number of seconds."),
        ({"leeway": True}, TypeError, "leeway is True; expected a number of seconds."),
        ({"leeway": Decimal(60)}, TypeError, "expected a number of seconds."),
        ({"leeway": timedelta(minutes=1)}, TypeError, "expected a number of seconds."),
        ({"audience": None}, TypeError, "audience is None; expected a string."),
        ({"audience": ["a"]}, TypeError, "audience is ['a']; expected a string."),
        ({"audience": ""}, ValueError, "audience is empty; expected a string that is not empty."),
        ({"typ": None}, TypeError, "typ is None; expected a string."),
        ({"typ": ""}, ValueError, "typ is empty; expected a string that is not empty."),
    ],
    ids=str,
)
def test_argument_that_makes_no_sense_is_the_callers_error(key, arguments, error, text):
    with pytest.raises(error) as caught:
        verify(with_claims(key), **arguments)
    assert str(caught.value).endswith(text)


@pytest.mark.parametrize("token", ["long-over", "null", "no-token"])
def test_audience_that_is_not_configured_is_an_error_whatever_the_token_is(key, token):
    tokens = {
        "long-over": with_claims(key, exp=1),
        "null": forge(key, {**CLAIMS, "aud": None}, typ=""),
        "no-token": "",
    }
    with pytest.raises(TypeError, match="audience is None"):
        verify(tokens[token], audience=None)


@pytest.mark.parametrize("leeway", [0, 0.5, 3600])
def test_leeway_within_reason_is_taken(key, leeway):
    token = with_claims(key)
    assert verify(token, leeway=leeway)["sub"] == "7"
    late = NOW + HOUR + timedelta(seconds=leeway)
    assert refused(token, leeway=leeway, now=late) == EXPIRED
