"""Advice that fits the answer: another host, another protocol, an optional address."""

from __future__ import annotations

import json

import pytest

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.steps import ENTRIES
from mcp_oauth_discovery.doctor.transport.messages import Speech, Trouble
from tests.doctor.servers import answering, serving
from tests.doctor.world import (
    ENDPOINT,
    JWKS,
    OPENID,
    ORIGIN,
    PRM,
    PRM_ROOT,
    SERVER,
    World,
    diagnose,
    only,
)

NGINX = b"<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>"
APACHE = b"Reason: You're speaking plain HTTP to an SSL-enabled server port."
GO = b"Client sent an HTTP request to an HTTPS server.\n"


def test_misdirected_post_is_about_the_host():
    world = World()
    world.reply("POST", ENDPOINT, status=421, body=b"Invalid Host header")
    one = only(world, "answer-unexpected")
    assert (one.section, one.expected) == ("RFC 9110 §15.5.20", "an answer for this host")
    assert one.seen == "421: Invalid Host header"
    assert "virtual host" in one.fix
    assert "SNI" in one.fix
    assert "rate" not in one.fix


def test_misdirected_document_is_about_the_host():
    world = World()
    world.reply("GET", PRM, status=421)
    one = only(world, "answer-bad-request")
    assert (one.section, "virtual host" in one.fix) == ("RFC 9110 §15.5.20", True)


@pytest.mark.parametrize(
    ("status", "url"),
    [(502, ENDPOINT), *((status, PRM) for status in (502, 504, 520, 522, 530))],
)
def test_error_of_a_proxy_is_about_the_proxy(status, url):
    world = World()
    world.reply(url, status=status, body=b"<h1>Bad Gateway</h1>")
    found = [one for one in diagnose(world, probes=False) if one.code == "answer-server-error"]
    assert all("A proxy got no valid answer" in one.fix for one in found)
    assert {one.subject for one in found} == {url}


@pytest.mark.parametrize(("status", "in_process"), [(500, False), (503, False), (502, True)])
def test_error_of_the_application_is_about_its_log(status, in_process):
    world = World()
    world.reply("GET", PRM, status=status)
    one = only(world, "answer-server-error", in_process=in_process)
    assert one.fix.startswith("Read the log of the site for ")


def test_bad_request_for_another_reason_keeps_its_advice():
    world = World()
    world.reply("GET", PRM, status=400, body=b"<h1>Bad Request (400)</h1>")
    assert "ALLOWED_HOSTS" in only(world, "answer-bad-request").fix


@pytest.mark.parametrize("body", [NGINX, APACHE, GO])
def test_plain_http_at_a_port_of_tls_is_reported(run, body):
    octets = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n" + body
    with serving(answering(octets)) as port:
        output, _ = run("check", f"http://127.0.0.1:{port}/mcp", "--json", "--only", "answers")
    [report] = json.loads(output)["reports"]
    [*found] = [one for one in report["findings"] if one["severity"] != "pass"]
    assert {one["code"] for one in found} == {"answer-bad-request"}
    assert all(
        one["fix"].startswith(f"Check https://127.0.0.1:{port}/mcp instead. ") for one in found
    )
    assert all(one["fix"].endswith(f"check https://127.0.0.1:{port}/mcp") for one in found)


@pytest.mark.parametrize(
    ("trouble", "speech", "words"),
    [
        (Trouble.TLS, Speech.HTTP, "plain HTTP"),
        (Trouble.BROKEN, Speech.TLS, "The port speaks TLS"),
        (Trouble.TLS, Speech.OTHER_TLS, "The server ends the handshake itself"),
        (Trouble.TIMEOUT, Speech.NOTHING, "does not answer the TLS handshake"),
    ],
)
def test_port_of_another_protocol_is_reported(trouble, speech, words):
    world = World()
    world.fail(ENDPOINT, trouble, speech=speech)
    one = only(world, f"reach-{trouble.value}")
    assert words in one.fix
    assert "certificate" not in f"{one.fix} {one.expected}"


def test_url_to_check_instead_comes_before_the_reason():
    world, url = World(), "https://localhost:8000/mcp"
    world.fail(url, Trouble.TLS, speech=Speech.HTTP)
    fix = only(world, "reach-tls", url).fix
    assert fix.startswith("Check http://localhost:8000/mcp instead. The port most likely")
    assert fix.endswith(" Type: python manage.py mcp_discovery check http://localhost:8000/mcp")


def test_certificate_keeps_its_advice():
    world = World()
    world.fail(ENDPOINT, Trouble.TLS)
    assert "certificate" in only(world, "reach-tls").fix


@pytest.mark.parametrize("status", [400, 401, 403, 407, 421])
def test_address_that_is_only_tried_is_no_error(status):
    world = World()
    issuer = f"{ORIGIN}/t1"
    world.prm["authorization_servers"] = [issuer]
    world.reply("GET", f"{SERVER}/t1", status=status)
    members = {**world.server, "issuer": issuer, "subject_types_supported": ["public"]}
    world.json(f"{OPENID}/t1", members)
    found = [one for one in diagnose(world) if one.severity is not Severity.PASS]
    assert [(one.subject, one.severity, one.clients) for one in found] == [
        (f"{SERVER}/t1", Severity.INFO, ())
    ]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_path_before_the_root_that_is_forbidden_is_no_error(status):
    world = World()
    world.challenge = f'Bearer resource_metadata="{PRM_ROOT}"'
    world.reply("GET", PRM, status=status)
    world.json(PRM_ROOT, world.prm)
    found = [one for one in diagnose(world) if one.subject == PRM]
    assert [(one.severity, one.clients) for one in found if "answer" in one.code] == [
        (Severity.INFO, ())
    ]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (500, b"", {}),
        (502, b"", {}),
        (503, b"", {"cf_mitigated": "challenge"}),
        (302, b"", {"Location": f"{ORIGIN}/accounts/login/"}),
        (200, b"<html></html>", {}),
        (200, b"[]", {}),
    ],
)
def test_path_that_the_challenge_leads_past_is_no_error(status, body, headers):
    world = World()
    world.challenge = f'Bearer resource_metadata="{ORIGIN}/metadata", scope="mcp"'
    world.json(f"{ORIGIN}/metadata", world.prm)
    world.reply("GET", PRM, status=status, body=body, **headers)
    found = diagnose(world)
    assert not [one for one in found if one.severity is Severity.ERROR]
    [one] = [one for one in found if one.code.startswith(("answer-", "redirect-", "document-"))]
    assert (one.subject, one.severity, one.clients) == (PRM, Severity.INFO, ())


def test_warning_about_a_path_that_the_challenge_leads_past_stays_a_warning():
    world = World()
    world.challenge = f'Bearer resource_metadata="{ORIGIN}/metadata", scope="mcp"'
    world.json(f"{ORIGIN}/metadata", world.prm)
    world.json(PRM, world.prm, set_cookie="a=b")
    entry = ENTRIES["document-cookie"]
    finding = only(world, entry.code)
    assert finding.subject == PRM
    assert (finding.severity, finding.clients) == (Severity.WARNING, entry.clients)


def test_path_that_does_not_answer_is_no_error_where_the_challenge_leads_past_it():
    world = World()
    world.challenge = f'Bearer resource_metadata="{ORIGIN}/metadata", scope="mcp"'
    world.json(f"{ORIGIN}/metadata", world.prm)
    world.fail(PRM, Trouble.TIMEOUT)
    one = only(world, "reach-timeout")
    assert (one.severity, one.clients) == (Severity.INFO, ())


@pytest.mark.parametrize("status", [500, 502])
def test_path_that_fails_stays_an_error_where_no_challenge_leads_past_it(status):
    world = World()
    world.challenge = 'Bearer realm="mcp"'
    world.reply("GET", PRM, status=status)
    world.json(PRM_ROOT, world.prm)
    [one] = [one for one in diagnose(world) if one.code == "answer-server-error"]
    assert (one.subject, one.severity, one.clients) == (PRM, Severity.ERROR, EVERY)


@pytest.mark.parametrize("status", [400, 403])
def test_address_that_the_site_names_stays_an_error(status):
    world = World()
    world.reply("GET", JWKS, status=status)
    [one] = [one for one in diagnose(world) if one.severity is Severity.ERROR]
    assert (one.subject, one.clients) == (JWKS, ())


def test_place_without_which_clients_stop_stays_an_error():
    world = World()
    world.reply("GET", PRM, status=403)
    assert only(world, "answer-forbidden").severity is Severity.ERROR


def test_server_error_at_an_address_that_is_only_tried_stops_clients():
    world = World()
    world.reply("GET", SERVER, status=500)
    world.json(OPENID, {**world.server, "subject_types_supported": ["public"]})
    assert only(world, "answer-server-error").severity is Severity.ERROR


@pytest.mark.parametrize(
    ("typed", "trouble", "speech", "other"),
    [
        ("http://app.example.com:8443/mcp", Trouble.BROKEN, Speech.TLS, "https"),
        ("http://localhost:8443/mcp", Trouble.BROKEN, Speech.TLS, "https"),
        ("https://localhost:8000/mcp", Trouble.TLS, Speech.HTTP, "http"),
        ("https://app.example.com:8000/mcp", Trouble.TLS, Speech.HTTP, ""),
    ],
)
def test_url_with_the_other_scheme_is_advised(typed, trouble, speech, other):
    world = World()
    world.fail(typed, trouble, speech=speech)
    code = f"reach-{trouble.value}"
    [one] = [one for one in diagnose(world, typed) if one.code == code]
    command = f"check {other}://{typed.partition('://')[2]}"
    assert one.fix.endswith(command) is bool(other)


def test_document_elsewhere_at_a_port_of_tls_is_not_the_endpoint():
    world = World()
    url = "http://localhost:8443/.well-known/oauth-authorization-server"
    world.prm["authorization_servers"] = ["http://localhost:8443"]
    world.fail(url, Trouble.BROKEN, speech=Speech.TLS)
    fixes = [one.fix for one in diagnose(world) if one.subject == url]
    assert [fix for fix in fixes if "mcp_discovery" in fix] == []
