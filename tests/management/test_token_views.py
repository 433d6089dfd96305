"""What `mcp_discovery token` says about the protected views, which is what they answer."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.urls import include, path
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.views import APIView

from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerChallengeMixin,
    HasScope,
)
from mcp_oauth_discovery.protection import BearerProtection, bearer_required, verify_token
from mcp_oauth_discovery.verifiers import RemoteIssuer
from tests import ORIGIN
from tests.keys import HOUR, broken_database
from tests.management.conftest import PATHS
from tests.management.token_urls import page
from tests.signing.tokens import forge

pytestmark = pytest.mark.django_db

API_KEY = "key-of-ada-lovelace"


@pytest.fixture
def ada():
    return get_user_model().objects.create_user("ada", pk=7)


def outcomes(verdicts):
    return [(verdict["outcome"], verdict["reason"]) for verdict in verdicts]


TOKENS = {
    "good": {},
    "expired": {"exp": int((timezone.now() - HOUR).timestamp())},
    "no-scope": {"scope": ...},
    "wide": {"scope": "mcp files:write files:read"},
    "files-only": {"scope": "files:read"},
    "nobody": {"sub": "8"},
    "bound": {"cnf": {}},
    "wrong-type": {"header_type": "JWT"},
}


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("place", ["mcp", "plain", "tools", "list", "strict", "users"])
@pytest.mark.usefixtures("ada")
def test_verdict_is_that_of_the_view(client, token, explained, name, place):
    signed = token(f"/{place}", **TOKENS[name])
    # Both log what the project raises.
    client.raise_request_exception = False
    headers = {"Authorization": f"Bearer {signed}", "Host": "app.example.com"}
    answer = client.post(f"/{place}", headers=headers, secure=True)
    view = explained(signed, "--resource", f"/{place}").view(f"/{place}")
    if place == "tools" and name == "files-only":
        # This token may call one tool, and nothing else.
        assert (answer.status_code, view["accepted"]) == (403, True)
    else:
        assert (answer.status_code == 200) is view["accepted"]


def test_resource_is_the_one_in_the_audience(token, explained):
    told = explained(token("/plain"))
    accepted = {one["resource"] for one in told.document["resources"] if one["accepted"]}
    assert accepted == {f"{ORIGIN}/plain"}
    audiences = [one["rules"][0] for one in told.document["resources"]]
    assert [one["rule"] for one in audiences] == ["aud"] * (len(PATHS) + 2)
    assert [one["outcome"] for one in audiences].count("pass") == 1


def test_reasons_of_other_resources_do_not_matter(token, explained):
    assert explained(token("/mcp", exp=5)).message == (
        "No endpoint of this site accepts the token: expired."
    )
    other = explained(token("/other"), "--resource", "/mcp")
    assert other.message == "No endpoint of this site accepts the token: wrong_audience."


def test_one_resource_may_be_chosen(token, explained):
    for name in ("/tools", f"{ORIGIN}/tools"):
        told = explained(token("/tools"), "--resource", name)
        assert [one["resource"] for one in told.document["resources"]] == [f"{ORIGIN}/tools"]
        assert told.document["other_views"] == []


def test_unknown_resource_is_an_error(token, command):
    output, message = command(token(), "--resource", "/nowhere")
    assert output == ""
    assert message.startswith(
        "--resource is /nowhere, which this site does not have. It has https:"
    )


def test_resource_without_a_view_is_judged_by_the_rules_of_the_site(token, explained):
    report = explained(token("/bare")).resource("/bare")
    assert (report["accepted"], report["views"]) == (True, [])
    assert outcomes(report["rules"]) == [("pass", None), ("pass", None)]
    assert explained(token("/bare", exp=5)).resource("/bare")["accepted"] is False


def test_disabled_resource_accepts_nothing(token, explained):
    report = explained(token("/off")).resource("/off")
    assert (report["accepted"], outcomes(report["rules"])[1]) == (False, ("skipped", None))


def test_views_without_a_known_resource_are_listed(token, explained):
    others = {one["route"]: one for one in explained(token()).document["other_views"]}
    rules = {route: outcomes(one["rules"])[0] for route, one in others.items()}
    assert rules == {
        "off": ("fail", None),
        "unknown": ("fail", None),
        r"any/(?P<name>\w+)$": ("skipped", None),
        "é": ("fail", None),
    }
    assert {one["accepted"] for one in others.values()} == {False}
    texts = {route: one["rules"][0]["text"] for route, one in others.items()}
    assert "requests get a 404" in texts["off"]
    assert "'/nowhere' is not a resource of this site" in texts["unknown"]
    assert "No resource is at '/é'" in texts["é"]


def test_path_of_the_view_decides_as_in_a_request(project, token, explained):
    project.MCP_RESOURCES = {**project.MCP_RESOURCES, "/%C3%A9": {}}
    assert explained(token("/%C3%A9")).view("/%C3%A9")["accepted"] is True


def test_view_below_a_prefix_is_found(project, token, explained):
    project.FORCE_SCRIPT_NAME = "/app"
    project.MCP_RESOURCES = {"/app/%C3%A9": {}}
    assert explained(token("/app/%C3%A9")).view("/app/%C3%A9")["accepted"] is True


# Verifiers


def test_first_verifier_that_recognises_the_token_decides(explained, key):
    told = explained(API_KEY, "--resource", "/list")
    texts = [verdict["text"] for verdict in told.of_view("/list", "verify")]
    api_keys = "mcp_oauth_discovery.verifiers.api_keys.ApiKey"
    assert texts == [
        f"{api_keys} accepts the token.",
        f"verify_token (the rules of this site) is not asked: {api_keys} decides",
        f"tests.management.token_urls.slow is not asked: {api_keys} decides",
    ]
    assert told.view("/list")["accepted"] is told.document["ok"] is True


def test_verifier_that_does_not_recognise_the_token_is_passed_over(token, explained):
    verdicts = explained(token("/list")).of_view("/list", "verify")
    assert outcomes(verdicts) == [("info", None), ("pass", None), ("skipped", None)]
    verdicts = explained("key-unknown", "--resource", "/list").of_view("/list", "verify")
    assert outcomes(verdicts)[0] == ("fail", "unknown_key")


def test_token_that_no_verifier_recognises_is_refused(token, explained):
    verdicts = explained(token("/none")).of_view("/none", "verify")
    assert outcomes(verdicts) == [("info", None), ("info", None), ("fail", "not_recognised")]
    assert verdicts[1]["text"] == (
        "tests.management.token_urls.Remote for https://login.example.com does not recognise the "
        "token."
    )


@pytest.mark.parametrize(
    ("place", "reason", "text"),
    [
        ("slow", "unavailable", "cannot verify it now, so the view answers 503. No answer about"),
        ("broken", "error", "failed, so the view answers with an error. ZeroDivisionError: ***"),
        ("strict", "strict", "refuses the token. The token *** is bad: received jti ***."),
        ("bound", "sender_constrained", "refuses the token. The token can only be used with"),
    ],
)
def test_own_verifier_is_asked_and_its_answer_reported(token, explained, place, reason, text):
    [verdict] = explained(token(f"/{place}")).of_view(f"/{place}", "verify")
    assert (verdict["outcome"], verdict["reason"]) == ("fail", reason)
    assert verdict["text"].startswith(f"tests.management.token_urls.{place} {text}")


def test_database_that_fails_a_verifier_is_described(token, explained):
    signed = token("/plain")
    with broken_database():
        [verdict] = explained(signed).of_view("/plain", "verify")
    assert outcomes([verdict]) == [("fail", "error")]
    assert verdict["fix"] == "Check the database. Has 'manage.py migrate' been run?"


# Nothing listens on this port.
CLOSED = "http://127.0.0.1:9"


class Remote:
    urlpatterns = [
        path("", include("mcp_oauth_discovery.urls")),
        path("mcp", bearer_required("/mcp", verify=[RemoteIssuer(CLOSED), verify_token])(page)),
    ]


def test_remote_issuer_is_asked_about_its_own_tokens_only(project, token, key, explained):
    project.ROOT_URLCONF = Remote
    told = explained(token())
    name = f"mcp_oauth_discovery.verifiers.remote_issuers.RemoteIssuer for {CLOSED}"
    assert told.of_view("/mcp", "verify")[0]["text"] == f"{name} does not recognise the token."
    assert told.view("/mcp")["accepted"] is True
    foreign = forge(key, {"iss": CLOSED, "aud": f"{ORIGIN}/mcp", "exp": 1}, kid="other")
    verdicts = explained(foreign).of_view("/mcp", "verify")
    assert outcomes(verdicts) == [("fail", "unavailable"), ("skipped", None)]
    assert verdicts[0]["text"].startswith(f"{name} cannot verify it now, so the view answers 503. ")


# Scopes


@pytest.mark.parametrize(
    ("scope", "outcome", "text"),
    [
        ("mcp", ("pass", None), "The view needs mcp. The token has mcp."),
        (
            "files:write",
            ("fail", "insufficient_scope"),
            "The token lacks mcp. The token has files:write.",
        ),
        (..., ("fail", "insufficient_scope"), "The token lacks mcp. The token has no scope."),
        (
            "admin",
            ("pass", None),
            "The view needs mcp. The token has admin, and by MCP_IMPLIED_SCOPES mcp.",
        ),
    ],
)
def test_scope_is_compared_with_its_hierarchy(project, token, explained, scope, outcome, text):
    project.MCP_IMPLIED_SCOPES = {"admin": ["mcp"]}
    [verdict] = explained(token(scope=scope)).of_view("/mcp", "scope")
    assert (outcomes([verdict]), verdict["text"]) == ([outcome], text)
    assert ('scope="mcp"' in verdict["fix"]) is (outcome[0] == "fail")


def test_scope_is_judged_even_if_the_token_is_refused(token, explained):
    [verdict] = explained(token("/plain", exp=5)).of_view("/plain", "scope")
    assert verdict["text"] == "The view needs no scope."
    [verdict] = explained("opaque-token").of_view("/plain", "scope")
    assert verdict["outcome"] == "skipped"


@pytest.mark.parametrize(
    ("scope", "outcome", "text"),
    [
        ("mcp files:write files:read", ("pass", None), "The token has the scope for every operat"),
        ("mcp files:read", ("info", None), "The token lacks the scope for delete (files:write). "),
        (
            "files:read",
            ("info", None),
            "The token lacks the scope for delete (files:write), every other operation (mcp). ",
        ),
        (
            "other",
            ("fail", "insufficient_scope"),
            "The token lacks the scope for delete (files:write), read (files:read), every other",
        ),
    ],
)
def test_scopes_of_tools_are_listed(token, explained, scope, outcome, text):
    [verdict] = explained(token("/tools", scope=scope)).of_view("/tools", "scope")
    assert (outcomes([verdict]), verdict["text"].startswith(text)) == ([outcome], True)


def test_callable_scope_depends_on_the_operation(token, explained):
    told = explained(token("/own"))
    [verdict] = told.of_view("/own", "scope")
    assert verdict["text"] == "The scope depends on the operation. The token has mcp."
    assert (verdict["outcome"], told.view("/own")["accepted"]) == ("info", True)


# Users


def test_user_of_the_token_is_named(ada, token, explained):
    [verdict] = explained(token()).of_view("/mcp", "user")
    assert (verdict["outcome"], verdict["text"]) == ("pass", "The user is ada.")


def test_token_without_a_user_is_refused(token, explained):
    [verdict] = explained(token()).of_view("/mcp", "user")
    assert outcomes([verdict]) == [("fail", "unknown_user")]
    assert verdict["text"] == "sub is 7, and no user who can sign in has that."


def test_user_of_a_refused_token_is_not_looked_up(token, explained):
    [verdict] = explained(token("/users", exp=5)).of_view("/users", "user")
    assert verdict["outcome"] == "skipped"


def test_look_up_of_a_user_that_fails_is_described(token, explained):
    [verdict] = explained(token("/users")).of_view("/users", "user")
    assert outcomes([verdict]) == [("fail", "error")]
    assert verdict["text"] == (
        "The user could not be looked up, so the view answers with an error. LookupError: no users"
    )


# Django REST framework


class Ours(APIView):
    authentication_classes = (BearerAuthentication,)
    permission_classes = (HasScope,)
    required_scope = "files:write"


class Foreign(BearerChallengeMixin, BaseAuthentication):
    protection = BearerProtection("/plain")


class Theirs(APIView):
    authentication_classes = (Foreign,)


class Rest:
    urlpatterns = [
        path("", include("mcp_oauth_discovery.urls")),
        path("mcp", Ours.as_view()),
        path("plain", Theirs.as_view()),
        path("tools", bearer_required("/tools", scope=["mcp"])(page)),
    ]


@pytest.mark.usefixtures("ada")
def test_view_of_rest_framework_is_judged_by_its_required_scope(project, token, explained):
    project.ROOT_URLCONF = Rest
    assert explained(token()).view("/mcp")["accepted"] is False
    told = explained(token(scope="files:write"))
    assert told.of_view("/mcp", "scope")[0]["text"].startswith("The view needs files:write. ")
    assert told.view("/mcp")["accepted"] is True


def test_foreign_authentication_class_is_not_judged(project, token, explained):
    project.ROOT_URLCONF = Rest
    view = explained(token("/plain")).view("/plain")
    assert (view["accepted"], outcomes(view["rules"])) == (False, [("skipped", None)] * 2)


def test_each_protection_is_reported_once(project, token, explained):
    project.ROOT_URLCONF = Rest
    assert len(explained(token("/tools")).resource("/tools")["views"]) == 1
