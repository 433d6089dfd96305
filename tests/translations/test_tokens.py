"""What this project says about a token is translated: each rule, and what each view says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.doctor.project.tokens.explanation import explain
from mcp_oauth_discovery.doctor.project.tokens.refusals import refusals
from mcp_oauth_discovery.models import FormerKey, SigningKey
from tests import ORIGIN
from tests.keys import DAY, HOUR, broken_database
from tests.signing.tokens import encode, forge
from tests.translations.pseudo import START
from tests.translations.test_doctor import english

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pseudo_parts")]

ENDPOINT = f"{ORIGIN}/mcp"
# Resources whose views quote no exception.
NAMES = ("/mcp", "/tools", "/own", "/list", "/none", "/slow", "/strict", "/bound", "/bare", "/off")


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = "tests.management.token_urls"
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCES = {
        **{name: {} for name in (*NAMES, "/plain", "/broken", "/users")},
        "/off": {"enabled": False},
    }
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    settings.MCP_IMPLIED_SCOPES = {"admin": ["mcp"]}
    return settings


@pytest.fixture
def key(project):
    return rotation.rotate("EdDSA")


def seconds(distance):
    return int((timezone.now() + distance).timestamp())


def claims(**changed):
    good = {"iss": ORIGIN, "aud": ENDPOINT, "exp": seconds(HOUR), "scope": "mcp", "sub": "7"}
    return {name: value for name, value in {**good, **changed}.items() if value is not ...}


def verdicts(token, name=None):
    """Return what is said about a token for one resource, or for those that NAMES has."""
    explanation = explain(token, ORIGIN, name)
    yield from explanation.verdicts
    for report in explanation.resources:
        if name or report.identifier.removeprefix(ORIGIN) in NAMES:
            yield from report.verdicts
            for view in report.views:
                yield from view.verdicts


def left(found):
    texts = [text for verdict in found for text in (verdict.text, verdict.fix)]
    # The name of a type is no English word.
    return {text: words for text in texts if (words := english(text.replace("at+jwt", "")))}


CLAIMS = {
    "good": {},
    "expired": {"exp": -30, "nbf": 1, "iat": 1},
    "expired-long-ago": {"exp": -1e300, "nbf": -1e300},
    "expires-never": {"exp": 1e300, "nbf": 1e300},
    "expires-at-an-unknown-time": {"exp": ..., "nbf": "then"},
    "no-number": {"exp": "soon"},
    "early": {"nbf": 10**11, "iat": 10**11},
    "bound-to-a-key": {"cnf": {}},
    "near-misses": {"iss": f"{ORIGIN}:443/", "aud": "http://APP.example.com/mcp/ "},
    "elsewhere": {"iss": "https://b.example", "aud": ["https://b.example"]},
    "id-token": {"typ": "ID"},
    "refresh-token": {"typ": "Refresh"},
    "no-scope": {"scope": ...},
    "other-scope": {"scope": "files:read"},
    "implied-scope": {"scope": "admin"},
    "every-scope": {"scope": "mcp files:read files:write"},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_rules_about_claims_are_translated(key, name):
    assert left(verdicts(forge(key, claims(**CLAIMS[name])))) == {}


def test_start_and_end_within_the_leeway_are_translated(key):
    half_a_minute = timedelta(seconds=30)
    changed = {"exp": seconds(-half_a_minute), "nbf": seconds(half_a_minute)}
    assert left(verdicts(forge(key, claims(**changed)))) == {}


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"kid": None},
        {"kid": 7},
        {"kid": "unknown"},
        {"kid": "former"},
        {"alg": "HS256"},
        {"jku": "https://evil.example"},
        {"sign": lambda message: bytes(64)},
    ],
    ids=lambda header: next(iter(header)),
)
def test_rules_about_the_header_are_translated(key, header):
    FormerKey.objects.create(kid="former", deleted_at=timezone.now() - DAY)
    assert left(verdicts(forge(key, claims(), **header))) == {}


@pytest.mark.parametrize(
    "token",
    [
        "e",
        "opaque-token",
        "key-unknown",
        "key-of-ada-lovelace",
        f"{encode({'enc': 'A256GCM'})}.a.b.c.d",
        f"{encode({'alg': 'EdDSA'})}.~.c",
    ],
)
@pytest.mark.usefixtures("key")
def test_tokens_of_other_forms_are_translated(token):
    assert left(verdicts(token)) == {}


def test_payload_that_is_no_object_is_translated(key):
    assert left(verdicts(forge(key, b"[1]"))) == {}


@pytest.mark.parametrize("state", ["pending", "retired", "expired", "revoked", "left-out"])
def test_states_of_keys_are_translated(key, state):
    token, now = forge(key, claims()), timezone.now()
    if state == "pending":
        token = forge(rotation.rotate("EdDSA"), claims())
    elif state == "retired":
        rotation.retire(key)
    elif state == "revoked":
        rotation.revoke(key)
    elif state == "expired":
        SigningKey.objects.update(retires_at=now - 3 * DAY, expires_at=now - DAY)
    else:
        SigningKey.objects.update(public_jwk={"kty": "OKP"})
    [verdict] = [one for one in verdicts(token, "/mcp") if one.rule == "key"]
    # The reason why a key is left out is that of the exception.
    assert english(verdict.text.replace("the public JWK is malformed", "")) == []
    assert english(verdict.fix) == []


def test_site_that_issues_no_tokens_is_translated(project, key):
    token = forge(key, claims())
    project.MCP_ISSUER = None
    project.MCP_AUTHORIZATION_SERVERS = ["https://login.example.net"]
    assert left(verdicts(token, "/bare")) == {}


def test_users_are_translated(key):
    token = forge(key, claims())
    assert left(verdicts(token, "/mcp")) == {}
    get_user_model().objects.create_user("ada", pk=7)
    texts = [verdict.text for verdict in verdicts(token, "/mcp") if verdict.rule == "user"]
    assert texts == ["⟦The user is ⟧ada⟦.⟧"]


@pytest.mark.parametrize("path", ["broken", "users"])
def test_sentence_before_an_exception_of_the_project_is_translated(key, path):
    token = forge(key, claims(aud=f"{ORIGIN}/{path}"))
    [error] = [verdict for verdict in verdicts(token, f"/{path}") if verdict.reason == "error"]
    sentence, _, quoted = error.text.rpartition("⟧")
    assert "Error: " in quoted
    assert english(sentence) == []


def test_views_without_a_known_resource_are_translated(key):
    for view in explain(forge(key, claims()), ORIGIN, None).others:
        for verdict in view.verdicts:
            assert verdict.text.startswith(START), view.written


def test_unreadable_database_is_translated(key):
    token = forge(key, claims())
    with broken_database():
        [verdict] = [one for one in verdicts(token, "/off") if one.rule == "key"]
    assert verdict.text.startswith("⟦The keys cannot be read.⟧ OperationalError: ")


@pytest.mark.usefixtures("key")
def test_unknown_resource_is_translated(project):
    project.MCP_RESOURCES = {"/mcp": {}}
    with pytest.raises(ValueError, match="which this site does not have") as failure:
        explain("opaque-token", ORIGIN, "/nowhere")
    assert english(str(failure.value)) == []


def test_rules_of_the_site_take_the_place_of_its_verifier_in_every_language(key):
    refused = refusals(forge(key, claims(exp=5)), ENDPOINT)
    assert [refusal.rule for refusal in refused] == ["exp"]
    assert refusals(forge(key, claims(scope="mcp")), f"{ORIGIN}/bare") is None
