"""What a page says before a change is what happens after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation import consequences
from mcp_oauth_discovery.rotation.schedule import standing
from mcp_oauth_discovery.signing import InvalidToken, sign_jwt, verify_jwt
from tests import ORIGIN

pytestmark = pytest.mark.django_db

AUDIENCE = f"{ORIGIN}/mcp"
REFUSED_AT_FIRST = (
    "Verifiers may refuse its tokens until they fetch the JWK Set again: within 5 min 5 s "
    "(MCP_JWKS_MAX_AGE), unless they cache it for longer."
)
NEW_KEY = ("A new key is made and signs immediately.", REFUSED_AT_FIRST)
ALL_REFUSED = "Every token that it has signed is refused. Clients must get new tokens."
STAYS = "It no longer signs. It stays in the JWK Set for 2 d, for the tokens it has signed."
AHEAD = (
    "It is not in use yet, except for a few tokens that were signed early. These will be refused."
)


def ago(**span):
    return timezone.now() - timedelta(**span)


@pytest.fixture(autouse=True)
def quick(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]


def token(now=None, **life):
    """Return a token that EdDSA signs now, for as long as `life` says."""
    now = now or timezone.now()
    expiry = now + (timedelta(**life) if life else timedelta(days=2))
    return sign_jwt({"aud": AUDIENCE, "exp": int(expiry.timestamp())}, now=now)


def verifies(jwt):
    try:
        verify_jwt(jwt, audience=AUDIENCE)
    except InvalidToken:
        return False
    return True


def stored(key):
    return SigningKey.objects.get(kid=key.kid)


def sentences(verb, *keys):
    """Return what the page says about each key that changes."""
    page = consequences.change_context([stored(key) for key in keys], verb)
    assert page["unchanged"] == []
    return [subject.sentences for subject in page["changed"]]


def stays(verb, key):
    """Return why the page says that a key does not change."""
    page = consequences.change_context([stored(key)], verb)
    assert page["changed"] == []
    [subject] = page["unchanged"]
    assert subject.key == key
    return subject.sentences


def plan(algorithm="EdDSA"):
    [(shown, key, said, _)] = consequences.rotation_context([algorithm])["changed"]
    assert (shown, key) == (algorithm, None)
    return said


def now_standing():
    return standing("EdDSA", timezone.now())


# Rotate


def test_rotation_of_a_key_that_a_wrong_clock_has_made():
    ahead = timezone.now() + timedelta(days=1000)
    key = rotation.rotate("EdDSA", now=ahead)
    clock = f"A host with a wrong clock let {key.kid} start on {stamp(ahead)}"
    assert plan() == [f"{clock}: it signs immediately."]
    rotation.rotate("EdDSA")
    assert now_standing().active == key


def test_rotation_of_a_successor_that_a_wrong_clock_has_made():
    old = rotation.rotate("EdDSA", now=ago(days=10))
    key = rotation.rotate("EdDSA", now=timezone.now() + timedelta(days=1000))
    clock = f"A host with a wrong clock let {key.kid} start on {stamp(key.activates_at)}"
    assert plan() == [f"{clock}: it signs 1 d from now. {old.kid} keeps signing until then."]
    rotation.rotate("EdDSA")
    assert now_standing().active == old
    assert standing("EdDSA", timezone.now() + timedelta(days=1)).active == key


def test_rotation_without_an_active_key():
    assert plan() == [
        "No key is active: a new one is made and signs immediately.",
        REFUSED_AT_FIRST,
    ]
    assert rotation.rotate("EdDSA").state() is State.ACTIVE


def test_rotation_with_an_active_key(settings):
    settings.MCP_KEY_PUBLISH_AHEAD = timedelta(hours=6)
    active = rotation.rotate("EdDSA", now=ago(days=9))
    assert plan() == [
        "A new key is published immediately and signs 6 h later.",
        f"Until then, {active.kid} keeps signing.",
    ]
    made = rotation.rotate("EdDSA")
    assert made.is_published()
    assert made.activates_at - made.created_at == timedelta(hours=6)
    assert now_standing().active == active


def test_rotation_with_a_pending_key():
    rotation.rotate("EdDSA", now=ago(days=9))
    pending = rotation.rotate("EdDSA")
    start = f"{pending.activates_at:%Y-%m-%d %H:%M:%S} UTC"
    page = consequences.rotation_context(["EdDSA"])
    assert page["changed"] == []
    [subject] = page["unchanged"]
    assert subject.sentences == [f"{pending.kid} is already pending, and signs from {start}."]
    assert rotation.rotate("EdDSA") == pending


# Retire


@pytest.fixture
def line():
    """The keys of a succession by their states, the pending one in every verifier's cache."""
    for days in (200, 100, 2):
        rotation.rotate("EdDSA", now=ago(days=days))
    rotation.rotate("EdDSA", now=ago(hours=1))
    revoked = rotation.rotate("ES256", now=ago(days=95))
    rotation.revoke(revoked, now=ago(days=93))
    SigningKey.objects.filter(algorithm="ES256").exclude(kid=revoked.kid).delete()
    keys = {key.state(): key for key in SigningKey.objects.all()}
    assert set(keys) == set(State)
    return keys


@pytest.mark.parametrize("state", sorted(set(State) - {State.ACTIVE}, key=str))
def test_retire_refuses_what_is_not_active(line, state):
    assert stays("retire", line[state]) == ["Only active keys can be retired."]
    with pytest.raises(rotation.Refused):
        rotation.retire(line[state])


def test_retire_makes_a_new_key():
    key = rotation.rotate("EdDSA", now=ago(days=9))
    assert sentences("retire", key) == [[STAYS, *NEW_KEY]]
    signed = token()
    now = timezone.now()
    rotation.retire(key, now=now)
    assert verifies(signed)
    assert stored(key).expires_at == now + timedelta(days=2)
    assert now_standing().active not in (None, key)


def test_retire_lets_the_pending_key_sign(line):
    pending = line[State.PENDING]
    said = f"The pending key {pending.kid} signs immediately."
    assert sentences("retire", line[State.ACTIVE]) == [[STAYS, said]]
    rotation.retire(line[State.ACTIVE])
    assert now_standing().active == pending


def test_pending_key_that_not_every_cache_has_may_be_refused(settings):
    settings.MCP_JWKS_MAX_AGE = 3600
    active = rotation.rotate("EdDSA", now=ago(days=9))
    pending = rotation.rotate("EdDSA", now=ago(minutes=59))
    said = [
        f"The pending key {pending.kid} signs immediately.",
        REFUSED_AT_FIRST.replace("5 min 5 s", "1 h 5 s"),
    ]
    assert sentences("retire", active)[0][-2:] == said
    assert sentences("revoke", active)[0][-2:] == said


def test_retire_with_an_algorithm_that_is_not_wanted_any_more(settings):
    key = rotation.rotate("ES256", now=ago(days=9))
    last = "ES256 is not in MCP_SIGNING_ALGORITHMS: no key will sign with it."
    assert sentences("retire", key) == [[STAYS, last]]
    rotation.retire(key)
    assert SigningKey.objects.signing_key("ES256") is None


def test_retire_with_such_an_algorithm_and_a_pending_key():
    active = rotation.rotate("ES256", now=ago(days=9))
    pending = rotation.rotate("ES256", now=ago(hours=1))
    said = f"The pending key {pending.kid} signs immediately."
    assert sentences("retire", active) == [[STAYS, said]]
    rotation.retire(active)
    assert SigningKey.objects.signing_key("ES256") == pending


# Revoke


def test_revoke_active_makes_a_new_key():
    key = rotation.rotate("EdDSA", now=ago(days=9))
    signed = token()
    assert verifies(signed)
    assert sentences("revoke", key) == [[ALL_REFUSED, *NEW_KEY]]
    rotation.revoke(key)
    assert not verifies(signed)
    assert now_standing().active not in (None, key)
    assert verifies(token())


def test_revoke_active_lets_the_pending_key_sign(line):
    pending = line[State.PENDING]
    said = f"The pending key {pending.kid} signs immediately."
    assert sentences("revoke", line[State.ACTIVE]) == [[ALL_REFUSED, said]]
    rotation.revoke(line[State.ACTIVE])
    assert now_standing().active == pending


def test_revoke_retired_refuses_its_tokens(line):
    signed = token(now=ago(days=1, minutes=5))
    assert verifies(signed)
    assert sentences("revoke", line[State.RETIRED]) == [[ALL_REFUSED]]
    rotation.revoke(line[State.RETIRED])
    assert not verifies(signed)
    assert now_standing().active == line[State.ACTIVE]


def test_revoke_pending_leaves_the_active_key(line):
    usual = token(hours=1)
    ahead_of_time = token(now=line[State.PENDING].activates_at - timedelta(minutes=1))
    goes_on = "The active key keeps signing until the next rotation."
    assert sentences("revoke", line[State.PENDING]) == [[AHEAD, goes_on]]
    rotation.revoke(line[State.PENDING])
    assert (verifies(usual), verifies(ahead_of_time)) == (True, False)
    assert now_standing().active == line[State.ACTIVE]
    assert stored(line[State.ACTIVE]).retires_at is None


def test_revoke_expired_changes_nothing_for_anybody(line):
    before = set(SigningKey.objects.published())
    said = [["It has expired and left the JWK Set already: nothing changes for clients."]]
    assert sentences("revoke", line[State.EXPIRED]) == said
    rotation.revoke(line[State.EXPIRED])
    assert set(SigningKey.objects.published()) == before


def test_revoke_twice_is_refused(line):
    key = line[State.REVOKED]
    at = f"{key.revoked_at:%Y-%m-%d %H:%M:%S} UTC"
    assert stays("revoke", key) == [f"It was revoked at {at}."]
    with pytest.raises(rotation.Refused):
        rotation.revoke(key)


def test_revoke_pending_and_active_at_once(line):
    both = line[State.PENDING], line[State.ACTIVE]
    assert sentences("revoke", *both) == [[AHEAD], [ALL_REFUSED, *NEW_KEY]]
    for key in both:
        rotation.revoke(key)
    assert now_standing().active not in (None, *both)


def test_retire_pending_and_active_at_once(line):
    both = line[State.PENDING], line[State.ACTIVE]
    page = consequences.change_context([stored(key) for key in both], "retire")
    [(_, _, done, _)] = page["changed"]
    assert [subject.key for subject in page["unchanged"]] == [both[0]]
    assert done == [STAYS, f"The pending key {line[State.PENDING].kid} signs immediately."]
    with pytest.raises(rotation.Refused):
        rotation.retire(both[0])
    rotation.retire(both[1])
    assert now_standing().active == line[State.PENDING]


@pytest.mark.parametrize("verb", ["retire", "revoke"])
def test_change_of_an_unknown_algorithm(verb):
    key = rotation.rotate("EdDSA")
    SigningKey.objects.update(algorithm="Ed448")
    assert sentences(verb, key) == [
        ["The algorithm Ed448 is unknown: the key is not in the JWK Set, and signs nothing."]
    ]
    getattr(rotation, verb)(key.kid)
    assert SigningKey.objects.count() == 1


# What goes round it


def test_page_counts_the_keys_that_change(line):
    keys = [stored(key) for key in line.values()]
    assert consequences.change_context(keys, "retire")["summary"] == "1 of 5 keys will be retired."
    assert consequences.change_context(keys, "revoke")["summary"] == "4 of 5 keys will be revoked."
    one = consequences.change_context([stored(line[State.ACTIVE])], "revoke")["summary"]
    assert one == "1 of 1 key will be revoked."


def test_page_counts_the_algorithms_that_rotate():
    rotation.rotate("EdDSA", now=ago(days=9))
    rotation.rotate("EdDSA")
    page = consequences.rotation_context(["EdDSA", "ES256"])
    assert page["summary"] == "1 of 2 algorithms will be rotated."
    assert [subject.algorithm for subject in page["changed"]] == ["ES256"]


def test_page_says_how_long_copies_are_in_use(settings):
    settings.MCP_JWKS_MAX_AGE = 600
    assert consequences.change_context([], "revoke")["cached_for"] == "10 min 5 s"


@pytest.mark.parametrize("verb", ["retire", "revoke"])
def test_page_names_its_action(verb):
    page = consequences.change_context([], verb)
    assert page["title"] == f"{verb.capitalize()} signing keys"
    assert page["action"] == f"{verb}_keys"


def test_outcome_says_until_when_a_retired_key_is_published():
    key = rotation.retire(rotation.rotate("EdDSA"))
    until = f"{key.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    assert consequences.outcome(key, "retire") == (
        f"Retired {key.kid}. It stays in the JWK Set until {until}."
    )


def test_outcome_of_an_unknown_algorithm():
    key = rotation.rotate("EdDSA")
    SigningKey.objects.update(algorithm="Ed448")
    assert consequences.outcome(rotation.retire(key.kid), "retire") == (
        f"Retired {key.kid}. "
        "The algorithm Ed448 is unknown: the key is not in the JWK Set, and signs nothing."
    )


def test_outcome_says_until_when_a_revoked_key_is_cached():
    now = timezone.now()
    # By the clock of a host that is late, or before a long wait for the database.
    key = rotation.revoke(rotation.rotate("EdDSA"), now=now - timedelta(minutes=1))
    said = consequences.outcome(key, "revoke")
    start = f"Revoked {key.kid}. Cached copies of the JWK Set may be in use until "
    assert said.startswith(start)
    assert said[len(start) :] >= f"{policy.last_cached_copy(now):%Y-%m-%d %H:%M:%S} UTC."


@pytest.mark.parametrize("verb", ["retire", "revoke"])
def test_nothing_is_foretold_without_time_zones(settings, verb):
    settings.USE_TZ = False
    with pytest.raises(Misconfigured, match=r"^USE_TZ is False"):
        consequences.change_context([], verb)
