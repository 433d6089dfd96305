"""Faults of documents that are no JSON, or say too much."""

from __future__ import annotations

import codecs
import json

from tests.doctor.planting import harmless, planted
from tests.doctor.world import (
    HTML,
    JWKS,
    PRM,
    PRM_ROOT,
    SERVER,
    World,
)


@planted("document-html")
def page_for_the_server(world: World):
    world.reply("GET", SERVER, body=HTML)


@planted("document-html")
def page_labelled_as_json(world: World):
    world.reply("GET", PRM, body=b"\n<html>", Content_Type="application/json")
    world.reply("GET", PRM_ROOT, body=b"", Content_Type="text/html")


@planted("document-content-type", shows=("Content-Type: text/html",))
def object_declared_as_a_page(world: World):
    world.json(PRM, world.prm, Content_Type="text/html; charset=utf-8")


@planted("document-byte-order-mark")
def byte_order_mark(world: World):
    world.json(SERVER, codecs.BOM_UTF8 + _body(world.server))


@planted("document-byte-order-mark")
def byte_order_mark_before_the_keys(world: World):
    world.json(JWKS, codecs.BOM_UTF8 + _body(world.keys))


@planted("document-byte-order-mark", "prm-resource-mismatch")
def fault_behind_a_byte_order_mark(world: World):
    world.json(PRM, codecs.BOM_UTF8 + _body({**world.prm, "resource": "https://b.example.com"}))


@planted("document-not-json")
def two_byte_order_marks(world: World):
    world.json(SERVER, codecs.BOM_UTF8 * 2 + _body(world.server))


@planted("document-not-object")
def list_behind_a_byte_order_mark(world: World):
    world.json(SERVER, codecs.BOM_UTF8 + b"[]")


@planted("document-html")
def page_behind_a_byte_order_mark(world: World):
    world.json(SERVER, codecs.BOM_UTF8 + HTML)


@planted("document-not-json")
def document_in_utf_16(world: World):
    world.json(SERVER, _body(world.server).decode().encode("utf-16"))


@planted("document-not-json")
def constants_of_javascript(world: World):
    world.json(JWKS, b'{"keys": NaN}')


@planted("document-not-json")
def nested_without_end(world: World):
    world.json(JWKS, b"[" * 200_000)


@planted("document-not-json")
def empty_body(world: World):
    world.json(SERVER, b"")


@planted("document-not-object")
def list_for_a_document(world: World):
    world.json(SERVER, [])


@planted("document-content-type")
def plain_text(world: World):
    world.json(SERVER, world.server, Content_Type="text/plain")


@planted("document-content-type")
def no_type(world: World):
    headers = {**world.document}
    del headers["Content-Type"]
    world.replies["GET", SERVER] = (200, headers, world.server, 0)


@planted("document-content-type")
def type_of_keys_for_metadata(world: World):
    world.json(PRM, world.prm, Content_Type="application/jwk-set+json")


@harmless
def type_of_keys(world: World):
    world.json(JWKS, world.keys, Content_Type="application/jwk-set+json; charset=utf-8")


@planted("document-null")
def null(world: World):
    world.prm["resource_name"] = None


@planted("document-empty")
def empty_string(world: World):
    world.prm["resource_name"] = ""


@planted("document-empty")
def empty_list(world: World):
    world.server["ui_locales_supported"] = []


@planted("document-duplicate")
def member_twice(world: World):
    world.json(SERVER, b'{"issuer": "https://other.example.com", %s' % _body(world.server)[1:])


def _body(members) -> bytes:
    return json.dumps(members).encode()


@planted("document-cookie")
def session_cookie(world: World):
    world.json(PRM, world.prm, Set_Cookie="sessionid=secret; HttpOnly")


@planted("document-hidden", shows=("resource_name is", "with U+202E."))
def name_that_is_read_backwards(world: World):
    world.prm["resource_name"] = "Files \u202efdp.exe"


@planted("document-hidden", shows=("resource_name#ja is", "with U+0007, U+200B."))
def control_characters_in_a_translated_name(world: World):
    world.prm["resource_name"] = "Files"
    world.prm["resource_name#ja"] = "\a\u30d5\u200b\u30a1"


@planted("document-hidden")
def line_feed_in_a_text_of_the_server(world: World):
    world.server["organization_name"] = "First line\nsecond line"


@harmless
def names_in_scripts_that_need_joiners_and_marks(world: World):
    world.prm["resource_name"] = "Weather"
    world.prm["resource_name#fa"] = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    world.prm["resource_name#he"] = "\u05e9\u05dc\u05d5\u05dd C++\u200e \u200f!"
    family = "\U0001f468\u200d\U0001f469"
    scotland = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    world.prm["resource_name#en"] = f"{family} {scotland}"


@planted("document-hidden")
def text_in_invisible_tags(world: World):
    world.prm["resource_name"] = "Files\U000e0041\U000e0042"
