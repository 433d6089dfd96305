"""A body as JSON: what is no JSON to everybody, and how often it is read."""

from __future__ import annotations

import codecs
import json

import pytest

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.reading import DEEPEST, Reading, Unreadable, read
from mcp_oauth_discovery.doctor.walk.walker import Walker
from tests.doctor.world import ENDPOINT, JWKS, ORIGIN, PRM, SERVER, World, only


def reading(body: str, encoding="utf-8") -> Reading:
    return read(Answer("GET", "https://a.example.com/", 200, (), body.encode(encoding)))


def test_names_that_are_there_twice_are_told_once():
    told = reading('{"b": 1, "a": 1, "b": 2, "b": 3, "c": {"a": 1}, "a": 2}')
    assert (told.duplicates, told.members) == (("b", "a"), {"b": 3, "a": 2, "c": {"a": 1}})


def test_byte_order_mark_is_no_part_of_the_document():
    assert reading('{"a": 1}', "utf-8-sig") == Reading({"a": 1}, has_mark=True)


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        ('{"a": 1}', "utf-16", "the body is UTF-16, not UTF-8"),
        ('\ufeff{"a": 1}', "utf-16-be", "the body is UTF-16, not UTF-8"),
        ('{"a": 1}', "utf-32", "the body is UTF-32, not UTF-8"),
        ('\ufeff{"a": 1}', "utf-32-be", "the body is UTF-32, not UTF-8"),
        ('\ufeff{"a": 1}', "utf-8-sig", "the body has two byte order marks"),
        ('{"a": "é"}', "latin-1", "octet 7 of the body is not UTF-8"),
        ("", "utf-8-sig", "Expecting value"),
        ('{"a": NaN}', "utf-8-sig", "JSON has no NaN"),
    ],
)
def test_encoding_that_is_not_utf_8_is_named(body, encoding, words):
    told = reading(body, encoding)
    assert (told.fault, told.members) == (Unreadable.NOT_JSON, None)
    assert words in told.detail
    assert "utf-8-sig" not in told.detail


def test_byte_order_mark_stops_the_clients_whose_parsers_know_none():
    world = World()
    world.json(PRM, codecs.BOM_UTF8 + json.dumps(world.prm).encode())
    one = only(world, "document-byte-order-mark")
    assert one.clients == (Client.PYTHON, Client.GO, Client.RUST)


def test_no_client_stops_at_a_byte_order_mark_before_the_keys():
    world = World()
    world.json(JWKS, codecs.BOM_UTF8 + json.dumps(world.keys).encode())
    assert only(world, "document-byte-order-mark").clients == ()


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_has_a_limit(opening, closing):
    def nested(levels: int) -> str:
        return f'{{"a": {opening * levels}1{closing * levels}}}'

    assert reading(nested(DEEPEST - 2)).members is not None
    told = reading(nested(DEEPEST))
    assert (told.fault, told.members) == (Unreadable.NOT_JSON, None)
    assert told.detail.startswith("more than 64 levels deep: ")


def test_depth_that_python_cannot_read_is_told():
    assert reading("[" * 100_000).fault == Unreadable.NOT_JSON


def test_number_that_python_cannot_read_is_told():
    assert reading(f'{{"a": {"9" * 5000}}}').fault == Unreadable.NOT_JSON


def test_document_at_one_url_is_read_once():
    world = World()
    world.prm["authorization_servers"] = [ORIGIN, f"{ORIGIN}/a"]
    world.json(f"{SERVER}/a", {**world.server, "issuer": f"{ORIGIN}/a"})
    walk = Walker(world, page_origin=ORIGIN).walk(ENDPOINT)
    first, second = [one.jwks for one in walk.servers]
    assert first.reading is second.reading


def test_address_that_nobody_can_read_is_cut():
    world = World()
    world.server["jwks_uri"] = f"{ORIGIN}/{'a' * 9000}"
    one = only(world, "jwks-not-found")
    assert one.subject == f"{ORIGIN}/{'a' * 276}… (9024 characters)"
