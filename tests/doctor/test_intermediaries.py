"""Services that answer in place of the site: findings name them, and blame no view."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.intermediaries import intermediary, login_service
from tests.doctor.world import (
    ENDPOINT,
    JWKS,
    ORIGIN,
    PRM,
    SERVER,
    TOKEN,
    World,
    diagnose,
    faults,
    only,
)

PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
CLOUDFLARE = {"Server": "cloudflare", "cf_mitigated": "challenge", "Content_Type": "text/html"}


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer("GET", ENDPOINT, status, fields, body)


@pytest.mark.parametrize(
    ("seen", "name", "evidence"),
    [
        (answer(403, cf_mitigated="challenge"), "Cloudflare", "cf-mitigated: challenge"),
        (answer(202, x_amzn_waf_action="challenge"), "AWS WAF", "x-amzn-waf-action: challenge"),
        (answer(405, x_amzn_waf_action="captcha"), "AWS WAF", "x-amzn-waf-action: captcha"),
        (answer(429, X_Vercel_Mitigated="challenge"), "the firewall of Vercel", "challenge"),
        (answer(403, X_Vercel_Mitigated="deny"), "the firewall of Vercel", "deny"),
        (answer(401, x_goog_iap_generated_response="true"), "Google Identity-Aware Proxy", "true"),
        (answer(403, PAGE, Server="cloudflare"), "Cloudflare", "just a moment..."),
        (answer(503, PAGE, Server="cloudflare"), "Cloudflare", "just a moment..."),
        (answer(403, b"error code: 1020", Server="cloudflare"), "Cloudflare", "error code: 10"),
        (
            answer(403, b"<H1>403 ERROR</H1> Request blocked.", Server="CloudFront"),
            "the firewall of CloudFront",
            "request blocked.",
        ),
        (answer(403, b"https://errors.edgesuite.net/18.2", Server="x"), "Akamai", "edgesuite"),
        (answer(200, b"<iframe src=/_Incapsula_Resource>"), "Imperva", "_incapsula_resource"),
    ],
)
def test_firewall_is_known_by_its_traces(seen, name, evidence):
    found = intermediary(seen)
    assert found is not None
    assert found.name == name
    assert evidence in found.evidence


@pytest.mark.parametrize(
    "seen",
    [
        answer(403, b"<h1>Forbidden</h1>"),
        answer(403, b'{"detail": "Forbidden"}', Server="cloudflare", cf_ray="1"),
        answer(503, b"Service Unavailable", Server="cloudflare"),
        answer(200, b"<script src=/cdn-cgi/challenge-platform/x.js>", Server="cloudflare"),
        answer(404, PAGE, Server="cloudflare"),
        answer(403, PAGE, Server="nginx"),
        answer(403, b"AccessDenied", Server="AmazonS3"),
    ],
)
def test_answer_of_the_site_itself_names_no_firewall(seen):
    assert intermediary(seen) is None


@pytest.mark.parametrize(
    ("status", "headers", "name"),
    [
        (403, CLOUDFLARE, "Cloudflare"),
        (503, CLOUDFLARE, "Cloudflare"),
        (202, {"x_amzn_waf_action": "challenge"}, "AWS WAF"),
        (405, {"x_amzn_waf_action": "captcha"}, "AWS WAF"),
        (429, {"x_vercel_mitigated": "challenge"}, "the firewall of Vercel"),
    ],
)
def test_firewall_at_the_endpoint_is_named_and_no_view_is_blamed(status, headers, name):
    world = World()
    world.reply("POST", ENDPOINT, status=status, body=PAGE, **headers)
    one = only(world, "answer-firewall")
    assert (one.subject, one.clients, one.severity) == (ENDPOINT, EVERY, Severity.ERROR)
    assert one.seen.startswith(f"{status} of {name} (")
    assert "Just a moment..." in one.seen
    assert name in one.fix
    assert "authentication_classes" not in one.fix


def test_login_service_that_answers_401_is_no_missing_challenge():
    world = World()
    world.reply("POST", ENDPOINT, status=401, x_goog_iap_generated_response="true")
    assert faults(world) == ["answer-firewall", "cors-endpoint"]


def test_firewall_that_answers_for_everything_is_reported_for_each_address():
    world = World()
    for url in (ENDPOINT, PRM, JWKS, SERVER, TOKEN):
        world.reply(url, status=403, body=PAGE, **CLOUDFLARE)
    assert faults(world, probes=False) == ["answer-firewall"]


def test_firewall_before_get_alone_stops_no_sign_in():
    world = World()
    world.reply("GET", ENDPOINT, status=403, body=PAGE, **CLOUDFLARE)
    [one] = [one for one in diagnose(world, probes=False) if one.code == "answer-firewall"]
    assert (one.subject, one.clients) == (ENDPOINT, ())


@pytest.mark.parametrize(
    ("url", "status"),
    [
        *((PRM, status) for status in (200, 403, 405, 503)),
        (SERVER, 403),
        (JWKS, 503),
        *((TOKEN, status) for status in (200, 503)),
    ],
)
def test_firewall_before_one_address_is_reported_there(url, status):
    world = World()
    world.reply("GET", url, status=status, body=PAGE, **CLOUDFLARE)
    found = diagnose(world, probes=url == TOKEN)
    found = [one for one in found if one.severity is not Severity.PASS]
    assert {one.subject for one in found if one.code == "answer-firewall"} == {url}
    consequences = {"prm-not-found", "as-not-found", "oauth-endpoint-cors"}
    assert {one.code for one in found} <= {"answer-firewall", *consequences}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (ENDPOINT, "cors-endpoint-preflight"),
        (PRM, "cors-document-preflight"),
        (TOKEN, "oauth-endpoint-cors"),
    ],
)
def test_firewall_before_preflights_alone_is_told_to_let_them_pass(url, code):
    world = World()
    world.reply("OPTIONS", url, status=403, body=PAGE, **CLOUDFLARE)
    one = only(world, code)
    assert "Cloudflare" in one.fix
    assert "authentication" not in one.fix


def test_firewall_before_documents_for_pages_alone_is_told_to_let_them_pass():
    world = World()

    def reply(method, headers):
        if "Origin" in headers and method == "GET":
            return 403, {"cf-mitigated": "challenge"}, PAGE, 0.0
        return None

    world.replies[("GET", PRM)] = reply
    assert "Cloudflare" in only(world, "cors-document").fix


def test_people_pass_the_challenge_of_the_authorization_endpoint():
    world = World()
    world.reply("GET", f"{ORIGIN}/o/authorize/", status=403, body=PAGE, **CLOUDFLARE)
    assert faults(world) == []


def test_firewall_before_one_user_agent_is_named():
    world = World()

    def reply(method, headers):
        if "openai-mcp" in headers.get("User-Agent", ""):
            return 403, {"cf-mitigated": "challenge"}, PAGE, 0.0
        return 200, world.document, world.prm, 0.0

    world.replies["GET", PRM] = reply
    assert only(world, "agent-dependent").seen == "403 of Cloudflare to openai-mcp/1.0.0."


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://acme.cloudflareaccess.com/cdn-cgi/access/login/app", "Cloudflare Access"),
        ("https://login.microsoftonline.com/common/oauth2/authorize", "Microsoft Entra"),
        ("https://accounts.google.com/o/oauth2/v2/auth", "Google"),
        ("https://app.example.com/oauth2/start?rd=/mcp", "oauth2-proxy"),
        ("https://app.example.com/.auth/login/aad", "Azure App Service"),
        ("https://app.example.com/accounts/login/", None),
        ("https://notokta.com/", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_login_service_is_known_by_its_url(url, name):
    assert login_service(url) == name


@pytest.mark.parametrize("key", [("POST", ENDPOINT), ("GET", PRM), ("GET", SERVER)])
def test_redirect_to_a_login_service_names_it(key):
    world = World()
    world.reply(
        *key, status=302, Location="https://acme.cloudflareaccess.com/cdn-cgi/access/login/"
    )
    one = only(world, "redirect-offsite")
    assert one.fix.startswith("Cloudflare Access asks for a login first. Exempt /.well-known/")


def test_redirect_to_another_host_is_no_login():
    world = World()
    world.reply("GET", SERVER, status=302, Location="https://elsewhere.example.net/metadata")
    assert "login" not in only(world, "redirect-offsite").fix


def test_forbidden_endpoint_shows_its_answer():
    world = World()
    world.reply(ENDPOINT, status=403, body=b'{"detail": "Not authenticated"}')
    assert 'The body: {"detail": "Not authenticated"}.' in only(world, "endpoint-forbidden").seen


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x-amzn-Remapped-WWW-Authenticate", "AWS API Gateway renames WWW-Authenticate"),
        ("X-Original-WWW-Authenticate", "A proxy renames WWW-Authenticate"),
        ("X-WWW-Authenticate", "A proxy renames WWW-Authenticate"),
    ],
)
def test_challenge_under_another_name_is_explained(name, words):
    world = World()
    world.endpoint[name] = str(world.challenge)
    world.challenge = None
    one = only(world, "challenge-missing")
    assert one.seen == f"The 401 has {name} in place of WWW-Authenticate."
    assert words in one.fix


def test_empty_challenge_is_not_renamed():
    world = World()
    world.challenge = ""
    assert only(world, "challenge-missing").seen == "The 401 has no WWW-Authenticate header."


def test_challenge_beside_another_name_is_there():
    world = World()
    world.endpoint["x-amzn-Remapped-WWW-Authenticate"] = "Basic"
    assert faults(world) == []
