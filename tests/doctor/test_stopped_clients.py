"""Which clients stop at single faults."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.clients import CLOSED, EVERY, TYPED, Client
from tests.doctor.world import (
    ENDPOINT,
    HTML,
    JWKS,
    OPENID,
    ORIGIN,
    PRM,
    PRM_ROOT,
    SERVER,
    World,
    diagnose,
    found,
)

TYPESCRIPT = (Client.TYPESCRIPT, Client.INSPECTOR)


def page_before_the_root(world):
    world.challenge = None
    world.reply("GET", PRM, body=HTML)
    world.json(PRM_ROOT, {**world.prm, "resource": ORIGIN})


def root_alone(world):
    world.reply("GET", PRM, status=404)
    world.json(PRM_ROOT, world.prm)


def incomplete_openid_alone(world):
    world.reply("GET", SERVER, status=404)
    world.json(OPENID, world.server)


def root_by_the_challenge(world):
    root_alone(world)
    world.challenge = f'Bearer resource_metadata="{PRM_ROOT}", scope="mcp"'


def _secrets_alone(world, is_registered=True):
    world.server["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
    if not is_registered:
        del world.server["registration_endpoint"]


def _keys_alone(world, is_registered=True):
    _secrets_alone(world, is_registered)
    world.server["token_endpoint_auth_methods_supported"] = ["private_key_jwt"]
    world.server["token_endpoint_auth_signing_alg_values_supported"] = ["ES256"]


@pytest.mark.parametrize(
    ("code", "plant", "clients"),
    [
        ("prm-path-not-found", root_by_the_challenge, ()),
        ("prm-not-found", lambda world: world.reply("GET", PRM, status=404), CLOSED),
        ("prm-member-invalid", lambda world: world.prm.update(scopes_supported="a"), TYPED),
        (
            "prm-member-invalid",
            lambda world: world.prm.update(bearer_methods_supported=["header", "x"]),
            (),
        ),
        ("prm-server-invalid", lambda world: world.prm["authorization_servers"].append("x"), ()),
        ("prm-server-invalid", lambda world: world.prm.update(authorization_servers=["x"]), EVERY),
        ("as-member-missing", lambda world: world.server.pop("token_endpoint"), EVERY),
        (
            "as-member-missing",
            lambda world: world.server.pop("response_types_supported"),
            TYPESCRIPT,
        ),
        ("prm-resource-invalid", lambda world: world.prm.update(resource="/mcp"), EVERY),
        (
            "prm-resource-invalid",
            lambda world: world.prm.update(resource=f"{ENDPOINT}#a"),
            (Client.RUST, Client.GO, Client.VS_CODE),
        ),
        (
            "prm-scopes-not-offered",
            lambda world: world.prm.update(scopes_supported=["mcp", "files"]),
            (),
        ),
        ("as-metadata-documents", _secrets_alone, (Client.PYTHON, Client.TYPESCRIPT)),
        (
            "as-metadata-documents",
            lambda world: _secrets_alone(world, is_registered=False),
            (Client.CLAUDE, Client.CHATGPT, Client.PYTHON, Client.TYPESCRIPT),
        ),
        ("as-metadata-documents-keys", _keys_alone, (Client.PYTHON, Client.TYPESCRIPT)),
        (
            "as-metadata-documents-keys",
            lambda world: _keys_alone(world, is_registered=False),
            (Client.CLAUDE, Client.PYTHON, Client.TYPESCRIPT),
        ),
        ("as-openid-incomplete", lambda world: world.json(OPENID, world.server), ()),
        ("as-openid-incomplete", lambda world: world.reply("GET", OPENID, body=HTML), ()),
        ("as-openid-incomplete", incomplete_openid_alone, TYPESCRIPT),
        ("redirect-slash", lambda world: _moved(world, "POST", ENDPOINT), EVERY),
        ("redirect-slash", lambda world: _moved(world, "GET", SERVER), (Client.PYTHON,)),
        ("redirect-slash", lambda world: _moved(world, "GET", JWKS), ()),
        ("answer-server-error", lambda world: world.reply("GET", JWKS, status=500), ()),
        ("answer-server-error", lambda world: world.reply("GET", SERVER, status=500), EVERY),
        ("answer-forbidden", lambda world: world.reply("GET", SERVER, status=403), EVERY),
        ("answer-forbidden", lambda world: world.reply("GET", JWKS, status=403), ()),
        ("answer-bad-request", lambda world: world.reply("GET", JWKS, status=400), ()),
        ("document-html", lambda world: world.reply("GET", JWKS, body=HTML), ()),
        ("document-html", lambda world: world.reply("GET", SERVER, body=HTML), EVERY),
        (
            "reach-private",
            lambda world: world.server.update({"token_endpoint": "https://db.internal/t"}),
            EVERY,
        ),
        (
            "reach-private",
            lambda world: world.server.update(op_policy_uri="https://db.internal/"),
            (),
        ),
    ],
)
def test_clients_are_those_that_are_known_to_stop(code, plant, clients):
    assert found(code, plant).clients == clients


def _moved(world, method, url):
    world.reply(method, url, status=301, Location=f"{url}/")
    if method == "GET":
        world.json(f"{url}/", {SERVER: world.server, JWKS: world.keys}[url])


def test_page_before_the_document_stops_who_does_not_go_on():
    world = World()
    page_before_the_root(world)
    told = {one.code: one.clients for one in diagnose(world)}
    assert told["document-html"] == TYPESCRIPT


def test_no_metadata_and_no_server_at_the_root_stops_all():
    def plant(world):
        world.reply("GET", PRM, status=404)
        world.reply("GET", SERVER, status=404)

    assert found("prm-not-found", plant).clients == EVERY


def test_page_of_one_server_stops_all_although_another_has_its_document():
    world = World()
    issuer = "https://login.example.net"
    world.prm["authorization_servers"] = [issuer, ORIGIN]
    for name in ("oauth-authorization-server", "openid-configuration"):
        world.reply("GET", f"{issuer}/.well-known/{name}", body=HTML)
    assert {one.clients for one in diagnose(world) if one.code == "document-html"} == {EVERY}
