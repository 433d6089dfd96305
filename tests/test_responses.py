from __future__ import annotations

import hashlib

import pytest

from mcp_oauth_discovery.discovery.responses import Answer, error_response, preflight_response

DOCUMENT = {"b": 1, "a": "ü"}
BODY = '{"b": 1, "a": "ü"}'.encode()
TAG = f'"{hashlib.sha256(BODY).hexdigest()[:32]}"'


def respond(request, document=DOCUMENT, max_age=300):
    return Answer(document, max_age=max_age).response(request)


def test_body_is_utf8_in_the_order_of_the_document(rf):
    assert respond(rf.get("/")).content == BODY


def test_content_type_has_no_charset(rf):
    assert respond(rf.get("/"))["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("max_age", "caching"),
    [(300, "public, max-age=300"), (0, "public, max-age=0"), (None, "no-store")],
)
def test_caching_is_explicit(rf, max_age, caching):
    assert respond(rf.get("/"), max_age=max_age)["Cache-Control"] == caching


def test_etag_is_strong_and_of_the_body(rf):
    assert respond(rf.get("/"))["ETag"] == TAG


def test_etag_changes_with_the_body(rf):
    assert respond(rf.get("/"), {"b": 1, "a": "u"})["ETag"] != TAG


@pytest.mark.parametrize(
    "tags",
    [TAG, f"W/{TAG}", f'"x", {TAG}', f'W/"x",{TAG} , "y"', "*"],
    ids=["exact", "weak", "list", "list-with-weak", "any"],
)
@pytest.mark.parametrize("method", ["get", "head"])
def test_known_document_is_not_sent_again(rf, method, tags):
    response = respond(getattr(rf, method)("/", headers={"if-none-match": tags}))
    assert (response.status_code, response.content) == (304, b"")


@pytest.mark.parametrize("tags", ['"x"', "", "nonsense", TAG[:-2] + '"', TAG.strip('"')])
def test_unknown_document_is_sent(rf, tags):
    assert respond(rf.get("/", headers={"if-none-match": tags})).content == BODY


@pytest.mark.parametrize("max_age", [300, None])
def test_not_modified_repeats_caching_and_etag(rf, max_age):
    full = respond(rf.get("/"), max_age=max_age)
    response = respond(rf.get("/", headers={"if-none-match": TAG}), max_age=max_age)
    omitted = {"Content-Type", "Content-Length"}
    assert dict(response.items()) == {k: v for k, v in full.items() if k not in omitted}


@pytest.mark.parametrize("tags", [TAG, f'"x", {TAG}', "*"], ids=["exact", "list", "any"])
def test_matching_precondition_holds(rf, tags):
    assert respond(rf.get("/", headers={"if-match": tags})).status_code == 200


@pytest.mark.parametrize("tags", ['"x"', f"W/{TAG}"], ids=["other", "weak"])
def test_failed_precondition_is_json(rf, tags):
    response = respond(rf.get("/", headers={"if-match": tags}))
    assert (response.status_code, response.content) == (412, b'{"error": "precondition_failed"}')
    assert response["Cache-Control"] == "no-store"


def test_header_that_a_middleware_adds_is_in_no_other_response(rf):
    answer = Answer(DOCUMENT, max_age=300)
    answer.response(rf.get("/"))["Vary"] = "Cookie"
    assert "Vary" not in answer.response(rf.get("/"))


def test_if_unmodified_since_is_ignored_beside_a_tag(rf):
    headers = {"if-none-match": '"other"', "if-unmodified-since": "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert respond(rf.get("/", headers=headers)).status_code == 200


@pytest.mark.parametrize("header", ["if-modified-since", "if-unmodified-since"])
def test_precondition_on_a_date_is_ignored_where_there_is_none(rf, header):
    headers = {header: "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert respond(rf.get("/", headers=headers)).status_code == 200


def test_value_that_is_not_json_is_not_sent(rf):
    with pytest.raises(ValueError, match="not JSON compliant"):
        respond(rf.get("/"), {"x": float("nan")})


def test_error_is_json_that_no_cache_keeps(rf):
    response = error_response(rf.get("/"), 404, "not_found")
    assert (response.status_code, response.content) == (404, b'{"error": "not_found"}')
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert "Allow" not in response


def test_method_not_allowed_says_what_is(rf):
    assert error_response(rf.post("/"), 405, "x")["Allow"] == "GET, HEAD, OPTIONS"


def test_preflight_has_exactly_these_headers(rf):
    response = preflight_response(rf.options("/"))
    assert (response.status_code, response.content) == (204, b"")
    assert dict(response.items()) == {
        "Allow": "GET, HEAD, OPTIONS",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "GET, OPTIONS",
        "Access-Control-Allow-Headers": "*, Authorization",
        "Access-Control-Max-Age": "86400",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


ANSWERS = [
    pytest.param(respond, id="200"),
    pytest.param(lambda request: error_response(request, 404, "not_found"), id="404"),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_is_open_to_scripts_and_not_sniffed(rf, answer):
    response = answer(rf.get("/"))
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Allow-Methods"] == "GET, OPTIONS"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize("answer", ANSWERS)
def test_length_is_the_number_of_octets(rf, answer):
    response = answer(rf.get("/"))
    assert response["Content-Length"] == str(len(response.content))


@pytest.mark.parametrize("answer", ANSWERS)
def test_head_has_the_headers_of_get_and_no_body(rf, answer):
    head = answer(rf.head("/"))
    assert head.content == b""
    assert dict(head.items()) == dict(answer(rf.get("/")).items())
