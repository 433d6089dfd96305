"""The doctor against servers that mean harm: it ends, stays where it is, prints nothing raw."""

from __future__ import annotations

import json
import socket
import ssl

import pytest

from tests.doctor.servers import answering, certificate, dripping, pouring, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def codes(output: str) -> set[str]:
    [report] = json.loads(output)["reports"]
    return {one["code"] for one in report["findings"] if one["severity"] != "pass"}


class Witness:
    """A server that nobody should come to; it remembers who did."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        # An empty one is that of the end of the test.
        if request:
            self.requests.append(request)
            connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")


@pytest.mark.parametrize("status", [b"301 A", b"302 B", b"303 C", b"307 D", b"308 E"])
def test_redirects_lead_to_no_other_place(run, status):
    witness = Witness()
    with serving(witness) as other:
        location = b"Location: http://127.0.0.1:%d/\r\n" % other
        octets = b"HTTP/1.1 " + status + b"\r\n" + location + b"Content-Length: 0\r\n\r\n"
        with serving(answering(octets)) as port:
            output, _ = run("check", f"http://127.0.0.1:{port}/mcp", "--json")
    assert witness.requests == []
    assert "redirect-offsite" in codes(output)


def test_challenge_leads_to_no_other_place(run):
    witness = Witness()
    with serving(witness) as other:
        named = b'Bearer resource_metadata="http://127.0.0.1:%d/"' % other
        octets = b"HTTP/1.1 401 A\r\nWWW-Authenticate: " + named + b"\r\nContent-Length: 0\r\n\r\n"
        with serving(answering(octets)) as port:
            output, _ = run("check", f"http://127.0.0.1:{port}/mcp", "--json")
    assert witness.requests == []
    assert "challenge-metadata-offsite" in codes(output)


def test_named_server_is_asked_for_its_metadata_alone(run):
    witness = Witness()
    with serving(witness) as other:
        issuer = f"http://127.0.0.1:{other}"
        with serving(_site(issuer)) as port:
            run("check", f"http://127.0.0.1:{port}/mcp", "--json")
    targets = {request.split(b" ")[1] for request in witness.requests}
    assert targets == {b"/.well-known/oauth-authorization-server"} | {
        b"/.well-known/openid-configuration"
    }
    assert {request.split(b" ")[0] for request in witness.requests} == {b"GET"}
    assert not [request for request in witness.requests if b"forged" in request]


def _site(issuer: str):
    """Return what a protected site says whose tokens are issued elsewhere."""

    def answer(connection, request):
        target = request.split(b" ")[1] if request else b""
        if target == b"/mcp":
            connection.sendall(b"HTTP/1.1 401 A\r\nContent-Length: 0\r\n\r\n")
        elif b"oauth-protected-resource/mcp" in target and request.startswith(b"GET"):
            body = json.dumps({"resource": "x", "authorization_servers": [issuer]}).encode()
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        else:
            connection.sendall(b"HTTP/1.1 404 A\r\nContent-Length: 0\r\n\r\n")

    return answer


def test_redirects_in_a_circle_end(run):
    def answer(connection, request):
        to = b"/b" if b" /a " in request else b"/a"
        connection.sendall(b"HTTP/1.1 302 A\r\nLocation: " + to + b"\r\nContent-Length: 0\r\n\r\n")

    with serving(answer) as port:
        output, _ = run("check", f"http://127.0.0.1:{port}/mcp", "--json")
    assert "redirect-loop" in codes(output)


@pytest.mark.parametrize(
    "behave",
    [
        dripping(b"", b"H"),
        dripping(HEAD + b"X: ", b"y"),
        dripping(HEAD + b"Content-Length: 99999\r\n\r\n", b"{"),
    ],
    ids=["status", "headers", "body"],
)
def test_dripping_ends_with_the_budget(run, behave):
    with serving(behave) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        output, _ = run("check", url, "--json", "--timeout", "0.2", "--budget", "5")
    assert codes(output) == {"reach-timeout"}


def test_pouring_ends(run):
    with serving(pouring(HEAD + b"\r\n", b"{" * 65536)) as port:
        output, _ = run("check", f"http://127.0.0.1:{port}/mcp", "--json", "--skip", "load,cors")
    assert {"endpoint-open", "answer-too-large"} <= codes(output)


def test_certificate_of_nobody_is_named(run, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    with serving(answering(HEAD + b"\r\n"), context) as port:
        output, _ = run("check", f"https://127.0.0.1:{port}/mcp")
    assert "reach-tls" in output
    assert "self-signed certificate" in output


@pytest.mark.parametrize(
    ("escape", "place"),
    [
        (b"\x1b]0;owned\x07", "header"),
        (b"\x1b[2J", "reason"),
        (b"\x9b31m", "body"),
        (b"\xe2\x80\xae", "body"),
    ],
)
def test_escapes_are_printed_as_text(run, escape, place):
    parts = {"header": b"", "body": b"", "reason": b"", place: escape}
    octets = (
        b"HTTP/1.1 500 A" + parts["reason"] + b"\r\nWWW-Authenticate: Bearer " + parts["header"]
        + b"\r\nLocation: /" + parts["header"] + b"\r\n\r\n" + parts["body"]
    )  # fmt: skip
    with serving(answering(octets)) as port:
        output, _ = run("check", f"http://127.0.0.1:{port}/mcp")
    assert "answer-server-error" in output
    assert output.replace("\n", "").isprintable()
