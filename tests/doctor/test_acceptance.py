"""Who takes which identifier; `clients/test_matching.py` asks two of them."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.walk.acceptance import (
    RESOURCE_RULES,
    difference,
    issuer_refusals,
    refusals,
)
from mcp_oauth_discovery.doctor.walk.well_known import Role

H = "https://h.example.com"
ALL = set(RESOURCE_RULES)
EXACT = {Client.GO, Client.VS_CODE}
TYPESCRIPT = {Client.TYPESCRIPT, Client.INSPECTOR}


RESOURCES = [
    (f"{H}/mcp", f"{H}/mcp", set()),
    (f"{H}/mcp", H, EXACT),
    (f"{H}/mcp", f"{H}/", EXACT),
    (f"{H}/a/mcp", f"{H}/a", EXACT),
    (f"{H}/a/mcp", f"{H}/a/", EXACT),
    (f"{H}/mcp", f"{H}/mcp/", EXACT | TYPESCRIPT | {Client.RUST}),
    (f"{H}/mcp/", f"{H}/mcp", EXACT),
    (f"{H}/mcp2", f"{H}/mcp", ALL),
    (f"{H}/mcp", f"{H}/mcp/files", ALL),
    (f"{H}/mcp", f"http{H[5:]}/mcp", ALL),
    (f"{H}/mcp", "https://other.example.com/mcp", ALL),
    (f"{H}/mcp", f"{H}:443/mcp", {Client.GO}),
    (f"{H}:443/mcp", f"{H}/mcp", {Client.PYTHON, Client.GO}),
    (f"{H}/mcp", "https://H.example.com/mcp", {Client.GO}),
    (f"{H}/mcp", f"{H}:8443/mcp", ALL),
    (f"{H}/mcp", f"{H}/mcp?x=1", EXACT),
    (f"{H}/mcp", f"{H}/mcp#x", EXACT | {Client.RUST}),
    (H, f"{H}/", {Client.GO}),
    (f"{H}/mcp", "https://%68.example.com/mcp", {Client.GO}),
    (f"{H}/mcp", f"{H}:/mcp", {Client.GO}),
    (f"{H}/mcp", f"{H[:-4]}.com./mcp", ALL),
    ("https://xn--mnchen-3ya.example/mcp", "https://münchen.example/mcp", {Client.GO}),
    ("https://127.0.0.1/mcp", "https://127.1/mcp", {Client.GO}),
    ("https://[::1]/mcp", "https://[0::1]/mcp", {Client.GO}),
]


@pytest.mark.parametrize(("endpoint", "resource", "refused"), RESOURCES)
def test_who_refuses_a_resource(endpoint, resource, refused):
    assert set(refusals(endpoint, [(Role.PATH, resource)])) == refused


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        ([(Role.ROOT, f"{H}/mcp")], EXACT),
        ([(Role.ROOT, H)], set()),
        ([(Role.PATH, f"{H}/other"), (Role.ROOT, H)], ALL - EXACT),
        ([], ALL),
    ],
)
def test_patient_clients_go_on_to_the_root(found, refused):
    assert set(refusals(f"{H}/mcp", found)) == refused


@pytest.mark.parametrize(
    ("expected", "issuer", "refused"),
    [
        (H, H, set()),
        (H, f"{H}/", {Client.PYTHON} | TYPESCRIPT),
        (f"{H}/", H, {Client.PYTHON}),
        (f"{H}/t1", f"{H}/t1/", {Client.PYTHON, Client.RUST} | TYPESCRIPT),
        (f"{H}/t1/", f"{H}/t1", {Client.PYTHON, Client.RUST}),
        (H, f"http{H[5:]}", {Client.PYTHON, Client.RUST} | TYPESCRIPT),
        (H, "https://H.example.com:443", TYPESCRIPT | {Client.RUST}),
        (H, "not a URL", {Client.PYTHON, Client.RUST} | TYPESCRIPT),
        (H, "https://[/", {Client.PYTHON, Client.RUST} | TYPESCRIPT),
        (H, "https://%68.example.com", {Client.RUST} | TYPESCRIPT),
    ],
)
def test_who_refuses_an_issuer(expected, issuer, refused):
    assert set(issuer_refusals(expected, issuer)) == refused


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (f"http{H[5:]}/mcp", "The scheme differs."),
        ("https://other.example.com/mcp", "The host differs."),
        (f"{H}:8443/mcp", "The port differs."),
        (f"{H}/api", "The path differs."),
        (f"{H}/mcp/", "The final slash differs."),
        (f"{H}/mcp?x", "The query differs."),
        (f"{H}/mcp#x", "The fragment differs."),
        ("http://x.example.com:8000/", "The scheme, the host, the port and the path differ."),
        ("https://H.EXAMPLE.com:443/mcp", "Only the spelling differs: browsers read the same URL."),
        ("https://%68.example.com/mcp", "Only the spelling differs: browsers read the same URL."),
        ("/mcp", ""),
    ],
)
def test_part_that_differs_is_named(seen, sentence):
    assert difference(seen, f"{H}/mcp") == sentence
