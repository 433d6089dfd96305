"""What is said about single faults: what was seen, who stumbles."""

from __future__ import annotations

import base64

import pytest

from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, Client
from mcp_oauth_discovery.doctor.transport.messages import Answer, Trouble
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
    found,
    only,
)


def test_difference_of_issuers_is_pointed_at():
    one = found("as-issuer-slash", lambda world: world.server.update(issuer=f"{ORIGIN}/"))
    assert one.seen.split("\n") == [
        f"{ORIGIN}/",
        f"{ORIGIN} is expected",
        f"{' ' * len(ORIGIN)}^",
    ]
    assert one.clients == (Client.PYTHON, Client.TYPESCRIPT, Client.INSPECTOR)
    assert one.subject == SERVER


def test_closed_clients_are_held_to_the_specification():
    one = found("as-issuer-mismatch", lambda world: world.server.update(issuer="https://x.test"))
    known = (Client.PYTHON, Client.TYPESCRIPT, Client.INSPECTOR, Client.RUST)
    assert one.clients == (*CLOSED, *known)


@pytest.mark.parametrize(
    ("status", "seen"),
    [(404, f"404 at {PRM}, {PRM_ROOT}."), (410, f"404 at {PRM}. 410 at {PRM_ROOT}.")],
)
def test_each_address_without_the_document_is_named_once_with_its_status(status, seen):
    def plant(world):
        world.reply("GET", PRM, status=404)
        world.reply("GET", PRM_ROOT, status=status)

    assert found("prm-not-found", plant).seen == seen


def test_clients_that_want_the_resource_exact_are_named():
    one = found("prm-resource-not-exact", lambda world: world.prm.update(resource=ORIGIN))
    assert one.clients == (Client.CLAUDE, Client.GO, Client.VS_CODE)
    assert one.seen.endswith("\nRefused by Claude, Go SDK, VS Code.")


def test_resource_that_nobody_takes_is_a_fault_for_all():
    one = found("prm-resource-mismatch", lambda world: world.prm.update(resource="https://x.test"))
    assert one.clients == EVERY


@pytest.mark.parametrize(
    ("resource", "sentence", "fix"),
    [
        (f"{ORIGIN}:8443/mcp", "The port differs.", "Correct the port of resource."),
        (f"{ORIGIN}/api", "The path differs.", "Correct the path of resource."),
        ("https://x.test/mcp", "The host differs.", "Correct the host of resource."),
    ],
)
def test_advice_about_a_resource_names_the_part_that_is_wrong(resource, sentence, fix):
    one = found("prm-resource-mismatch", lambda world: world.prm.update(resource=resource))
    assert (one.seen.split("\n")[-1], one.fix.startswith(f"{fix} Set resource")) == (sentence, True)


def test_advice_about_an_issuer_names_the_part_that_is_wrong():
    issuer = "http://app.example.com:8000"
    one = found("as-issuer-mismatch", lambda world: world.server.update(issuer=issuer))
    assert one.seen.endswith("\nThe scheme and the port differ.")
    assert one.fix.startswith(
        "Correct the scheme and the port of issuer or of authorization_servers. Use the same"
    )


def test_issuer_that_is_no_url_has_no_part_that_is_wrong():
    one = found("as-issuer-mismatch", lambda world: world.server.update(issuer="me"))
    assert one.seen.endswith("^")
    assert one.fix.startswith("Use the same spelling")


def test_another_spelling_of_the_host_is_not_called_another_host():
    one = found(
        "as-issuer-mismatch", lambda world: world.server.update(issuer="https://APP.example.com")
    )
    assert one.seen.endswith("\nOnly the spelling differs: browsers read the same URL.")


def test_advice_about_an_internationalised_resource_has_its_ascii_form():
    world = World()
    world.prm["resource"] = "https://bücher.example/mcp"
    [one] = [one for one in diagnose(world) if one.code == "prm-resource-invalid"]
    assert "write its host as xn--bcher-kva.example" in one.seen


def test_url_of_the_challenge_on_another_port_is_advised_about_the_port():
    def plant(world):
        world.challenge = f'Bearer resource_metadata="{ORIGIN}:8443/metadata", scope="mcp"'

    assert found("challenge-metadata-offsite", plant).fix.startswith(
        "Correct the port of resource_meta"
    )


@pytest.mark.parametrize(
    ("origin", "fix"),
    [
        ("http://app.example.com", "Tell the application"),
        ("http://app.example.com:8000", "Correct the scheme and the port of resource_metadata. "),
        (
            "http://127.0.0.1:8000",
            "Correct the scheme, the host and the port of resource_metadata. ",
        ),
    ],
)
def test_url_of_the_challenge_over_http_is_advised_about_every_part(origin, fix):
    def plant(world):
        world.challenge = f'Bearer resource_metadata="{origin}/metadata", scope="mcp"'

    assert found("challenge-metadata-http", plant).fix.startswith(fix)


@pytest.mark.parametrize("member", ["jwks_uri", "revocation_endpoint", "introspection_endpoint"])
def test_endpoint_over_http_that_no_client_asks_stops_none(member):
    world = World()
    world.server[member] = "http://app.example.com/x"
    [one] = [one for one in diagnose(world) if one.code == "as-endpoint-http"]
    assert one.clients == ()


def test_reason_of_a_failure_is_told():
    def plant(world):
        world.fail(ENDPOINT, Trouble.TLS, "certificate has expired\x1b")

    assert found("reach-tls", plant).seen == "No answer: certificate has expired\\x1b."


def test_every_address_of_missing_metadata_is_told():
    one = found("as-not-found", lambda world: world.reply("GET", SERVER, status=404))
    assert one.seen == f"404 at {SERVER}, {OPENID}."


def test_metadata_at_the_root_alone_is_found_by_the_rust_sdk():
    def plant(world):
        issuer = f"{ORIGIN}/t1"
        world.prm["authorization_servers"] = [issuer]
        world.server["issuer"] = issuer

    one = found("as-not-found", plant)
    assert set(EVERY) - set(one.clients) == {Client.RUST}
    assert one.seen.endswith(f"It is at {SERVER}, where only the Rust SDK looks.")


def test_metadata_of_another_at_the_root_is_found_by_nobody():
    def plant(world):
        world.prm["authorization_servers"] = [f"{ORIGIN}/t1"]

    assert found("as-not-found", plant).clients == EVERY


def test_private_key_is_not_repeated():
    def plant(world):
        world.keys["keys"][1]["d"] = "secret-secret-secret"

    one = found("jwks-private", plant)
    assert "secret" not in repr(one)
    assert one.seen.endswith(" has d.")


def test_cookie_is_named_without_its_value():
    def plant(world):
        world.json(PRM, world.prm, Set_Cookie="sessionid=secret; Path=/")

    assert found("document-cookie", plant).seen == "Set-Cookie: sessionid."


@pytest.mark.parametrize(("bits", "octets"), [(1024, 128), (2040, 255)])
def test_length_of_a_weak_key_is_told(bits, octets):
    def plant(world):
        n = base64.urlsafe_b64encode(b"\xff" * octets).decode().rstrip("=")
        world.keys["keys"][0]["n"] = n

    assert found("jwks-weak", plant).seen.endswith(f" has {bits} bits.")


def test_fitting_algorithms_are_told():
    def plant(world):
        world.keys["keys"].append({**world.keys["keys"][1], "kid": "b", "alg": "ES256"})

    assert found("jwks-algorithm", plant).expected == "one of Ed25519, EdDSA"


def test_redirect_is_told_with_its_status():
    def plant(world):
        world.reply("GET", JWKS, status=308, Location="/keys.json")
        world.json(f"{ORIGIN}/keys.json", world.keys)

    one = found("redirect-other", plant)
    assert (one.subject, one.seen) == (JWKS, f"308 to {ORIGIN}/keys.json.")


def test_refused_user_agents_are_named():
    def plant(world):
        def reply(method, headers):
            refuses = headers.get("User-Agent") in ("node", "Claude-User/1.0")
            return (403, {}, b"", 0.0) if refuses else (200, world.document, world.prm, 0.0)

        world.replies["GET", PRM] = reply

    one = found("agent-dependent", plant)
    assert one.seen == "403 to node, 403 to Claude-User/1.0."
    assert one.clients == (Client.TYPESCRIPT, Client.CLAUDE)


@pytest.mark.parametrize(
    ("url", "word", "clients"),
    [
        (PRM, "ChatGPT-User", (Client.CHATGPT,)),
        (PRM, "openai-mcp", (Client.CHATGPT,)),
        (PRM, "openai", (Client.CHATGPT,)),
        (PRM, "Cursor", (Client.CURSOR,)),
        (ENDPOINT, "Claude-User", (Client.CLAUDE,)),
        (PRM, "Mozilla", (Client.CHATGPT, Client.INSPECTOR)),
    ],
)
def test_client_whose_name_a_firewall_does_not_like_is_named(url, word, clients):
    def plant(world):
        healthy = world.send

        def send(method, asked, headers=(), body=b""):
            name = dict(headers).get("User-Agent", "")
            if word in name and asked == url and "Origin" not in dict(headers):
                return Answer(method, asked, 403, ())
            return healthy(method, asked, headers, body)

        world.send = send

    one = found("agent-dependent", plant)
    assert (one.subject, one.clients) == (url, clients)
    assert word in one.seen


def test_seconds_of_a_slow_answer_are_told():
    def plant(world):
        world.replies["GET", JWKS] = (200, world.document, world.keys, 3.1)

    assert found("answer-slow", plant).seen == "The answer took 3.1 seconds."


def test_answer_just_in_time_is_not_slow():
    world = World()
    world.replies["GET", JWKS] = (200, world.document, world.keys, 3.0)
    with pytest.raises(AssertionError):
        only(world, "answer-slow")


@pytest.mark.parametrize(
    ("code", "plant", "words"),
    [
        (
            "jwks-private",
            lambda world: world.keys["keys"].append({"kty": "oct", "kid": "s"}),
            "The key s has the type oct.",
        ),
        (
            "answer-server-error",
            lambda world: world.reply("GET", SERVER, status=502),
            "502: an empty body",
        ),
        (
            "answer-server-error",
            lambda world: world.reply("GET", SERVER, status=500, body=b"\n  Traceback\x1b\n"),
            "500: Traceback\\x1b",
        ),
        (
            "as-metadata-documents",
            lambda world: (
                world.server.update(client_id_metadata_document_supported=True),
                world.server.pop("token_endpoint_auth_methods_supported"),
            ),
            "token_endpoint_auth_methods_supported is missing.",
        ),
    ],
)
def test_what_was_seen_is_told(code, plant, words):
    assert found(code, plant).seen == words
