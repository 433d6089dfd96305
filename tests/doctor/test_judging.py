"""Endpoints of a project that judge tokens, each as real code in this process."""

from __future__ import annotations

import io
import json
import logging

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db.models.signals import post_init
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.doctor import Severity, examine
from mcp_oauth_discovery.doctor.project.tokens.refusals import refusals
from mcp_oauth_discovery.doctor.project.tokens.signing import issuer, sign
from mcp_oauth_discovery.signing import sign_jwt
from mcp_oauth_discovery.standards.token_parts import read_parts
from tests.keys import HOUR, broken_database

pytestmark = pytest.mark.django_db

OPAQUE = "opaque-token-of-ada-lovelace"
ORIGIN = "https://app.example.com"


@pytest.fixture
def project(healthy):
    healthy.ROOT_URLCONF = "tests.doctor.judging_urls"
    healthy.MCP_ALLOWED_ORIGINS = ["*"]
    healthy.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    return healthy


@pytest.fixture
def key(project):
    return rotation.rotate("EdDSA")


@pytest.fixture
def found(project, key):
    """Return a function that returns what the doctor finds out with tokens at a path."""

    def found(path, **options):
        project.MCP_RESOURCE = f"{ORIGIN}/{path}"
        [report] = examine(only=["tokens"], **options).reports
        assert [one.step for one in report.skipped if one.step == "tokens"] == []
        return [one for one in report.findings if one.severity is not Severity.PASS]

    return found


@pytest.fixture
def token(key):
    def token(path, **claims):
        expiry = int((timezone.now() + HOUR).timestamp())
        good = {"sub": "7", "aud": f"{ORIGIN}/{path}", "exp": expiry, "scope": "mcp"}
        return sign_jwt({**good, **claims})

    return token


@pytest.mark.parametrize("has_user", [True, False])
@pytest.mark.parametrize("path", ["strict", "ninja", "opaque", "tools", "scoped"])
def test_endpoint_that_judges_by_every_rule_has_no_problems(found, path, has_user):
    if has_user:
        get_user_model().objects.create_user("ada")
    assert found(path) == []


@pytest.mark.parametrize("path", ["user", "framework"])
def test_endpoint_that_looks_up_the_user_has_no_problems(found, path):
    get_user_model().objects.create_user("gone", is_active=False)
    get_user_model().objects.create_user("ada")
    assert found(path) == []


def test_users_that_cannot_be_read_are_no_fault_of_the_doctor(found):
    def refuse(**event):
        raise RuntimeError("no tenant")

    get_user_model().objects.create_user("ada")
    post_init.connect(refuse, sender=get_user_model())
    try:
        assert found("strict") == []
        assert sign({}, "at+jwt") is None
    finally:
        post_init.disconnect(refuse, sender=get_user_model())


@pytest.mark.parametrize("path", ["user", "framework"])
def test_endpoint_whose_users_are_not_known_is_doubted_without_an_alarm(found, path):
    [doubt] = found(path)
    assert (doubt.code, doubt.severity) == ("token-own-doubted", Severity.INFO)


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("anything", ["token-accepted"]),
        ("unsigned", ["token-unsigned-accepted"]),
        ("audience", ["token-audience-unchecked", "token-scope-unchecked"]),
        ("expiry", ["token-expiry-unchecked", "token-scope-unchecked"]),
        ("type", ["token-type-unchecked", "token-scope-unchecked"]),
        ("forbidding", ["token-refusal-status", "token-scope-unchecked"]),
        ("failing", ["token-server-error"]),
        ("query", ["token-query-accepted", "token-own-doubted"]),
        ("circling", ["token-scope-refusal"]),
        ("final", ["token-scope-refusal"]),
        ("blind", ["token-own-doubted"]),
    ],
)
def test_rule_that_is_missing_is_found(found, path, codes):
    assert [one.code for one in found(path)] == codes


def test_several_missing_rules_are_found_together(found):
    assert [one.code for one in found("all")] == [
        "token-audience-unchecked",
        "token-expiry-unchecked",
        "token-type-unchecked",
        "token-scope-unchecked",
    ]


def test_verifier_that_knows_its_own_tokens_alone_is_no_problem(found):
    assert found("foreign") == []


def test_rule_of_ours_that_refuses_own_tokens_is_named(found, project, monkeypatch):
    monkeypatch.setattr(
        "mcp_oauth_discovery.signing.verify.pinned_issuer", lambda: "https://a.example"
    )
    monkeypatch.setattr(
        "mcp_oauth_discovery.doctor.project.tokens.rules.pinned_issuer", lambda: "https://a.example"
    )
    [refused] = found("strict")
    assert (refused.code, refused.severity) == ("token-own-refused", Severity.ERROR)
    assert "expected iss https://a.example" in refused.seen


def test_project_with_another_authorization_server_is_not_asked_with_own_tokens(found, project):
    project.MCP_AUTHORIZATION_SERVERS = ["https://login.example.net"]
    assert found("foreign") == []


def test_project_without_a_key_or_a_pinned_issuer_is_not_asked_with_own_tokens(project):
    project.MCP_RESOURCE = f"{ORIGIN}/foreign"
    assert examine(only=["tokens"]).problems == ()
    project.MCP_ISSUER = None
    assert issuer() == ""
    assert sign({}, "JWT") is None


def test_keys_that_cannot_be_read_sign_nothing(project, key):
    with broken_database():
        assert sign({"aud": ORIGIN}, "at+jwt") is None


def test_project_without_users_signs_for_a_made_up_one(project, key, monkeypatch):
    get_user_model().objects.create_user("ada")
    monkeypatch.setattr("django.apps.apps.is_installed", lambda name: False)
    assert read_parts(sign({}, "JWT")).claims["sub"] == "made-up-by-the-doctor"


def test_what_the_endpoint_writes_is_rolled_back(found):
    assert found("seen") == []
    assert get_user_model().objects.count() == 0


def test_good_token_of_the_user_is_let_in(found, token):
    [let_in] = found("strict", token=token("strict"))
    assert (let_in.code, let_in.severity) == ("token-let-in", Severity.INFO)


def test_each_rule_that_refuses_the_token_of_the_user_is_named(found, token):
    [refused] = found("strict", token=token("other", exp=5))
    assert refused.seen.startswith("401: invalid_token: The token is not valid for this resource.")
    assert "The token expired" in refused.seen
    assert "aud" in refused.seen
    assert "Get a new token" in refused.fix


def test_opaque_token_of_the_user_is_let_in_or_explained(found):
    [let_in] = found("opaque", token=OPAQUE)
    assert let_in.code == "token-let-in"
    [refused] = found("strict", token=OPAQUE)
    assert "not a JWT" in refused.seen


def test_token_that_own_code_refuses_is_judged_by_the_documents(found, token):
    [doubt, refused] = found("blind", token=token("other"))
    assert doubt.code == "token-own-doubted"
    assert f"aud is {ORIGIN}/other; the resource is {ORIGIN}/blind." in refused.seen


def test_command_reads_the_token_from_a_file_and_writes_it_nowhere(
    project, token, tmp_path, caplog, capsys
):
    caplog.set_level(logging.DEBUG)
    text = token("strict", aud="https://other.example")
    file = tmp_path / "token"
    file.write_text(f"Bearer {text}\n")
    project.MCP_RESOURCE = f"{ORIGIN}/strict"
    outputs = []
    for options in ([], ["--json"], ["--verbosity", "3"]):
        output = io.StringIO()
        arguments = ["--token-file", str(file), "--only", "tokens", *options]
        with pytest.raises(CommandError, match="1 error") as error:
            call_command("mcp_discovery", "check", *arguments, stdout=output)
        outputs += [output.getvalue(), str(error.value)]
    assert all("token-refused" in text for text in outputs[::2])
    assert json.loads(outputs[2])["ok"] is False
    written = "\n".join([*outputs, caplog.text, *capsys.readouterr()])
    for secret in (text, text.split(".")[2]):
        assert secret not in written


def test_command_that_cannot_read_the_file_says_so_before_any_request(project):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("mcp_discovery", "check", "--token-file", "/nowhere/at/all")


@pytest.mark.parametrize("text", ["two words", "a\r\nX-Forged: b", "", "é"])
def test_text_that_no_token_is_is_refused_without_repeating_it(project, text):
    with pytest.raises(ValueError, match="The token has characters that no token has") as error:
        examine(token=text)
    assert not text or text not in str(error.value)


def test_own_tokens_are_not_logged(found, caplog):
    caplog.set_level(logging.DEBUG)
    found("strict")
    assert "eyJ" not in caplog.text


@pytest.mark.parametrize("endpoint", [f"{ORIGIN}/nowhere", "https://evil.example/strict"])
def test_nothing_is_explained_for_another_endpoint(project, token, endpoint):
    assert refusals(token("strict"), endpoint) is None


def test_explanation_of_a_good_token_names_no_rule(project, token):
    project.MCP_RESOURCE = f"{ORIGIN}/strict"
    assert refusals(token("strict"), f"{ORIGIN}/strict") == ()
    assert refusals(token("blind"), f"{ORIGIN}/blind") is None
