"""`Operation`: what the body of a request asks for, and what no operation can be read from."""

from __future__ import annotations

import base64
import json

import pytest
from django.test import AsyncRequestFactory, RequestFactory

from mcp_oauth_discovery.protection.bodies import (
    DEEPEST_BODY,
    LONGEST_BODY,
    MOST_CONTAINERS,
    RefusedBody,
)
from mcp_oauth_discovery.protection.operations import LONGEST_BATCH, Operation, read_operations
from tests.protection.conftest import call, message

rf = RequestFactory()


def request_with(body, kind="application/json", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return rf.generic("POST", "/mcp", data, kind, headers=headers)


def read(body, **headers):
    """Return method and name of each operation in a body."""
    request = request_with(body, **headers)
    return [(each.method, each.name) for each in read_operations(request)]


def refusal(request):
    with pytest.raises(RefusedBody) as caught:
        read_operations(request)
    return int(caught.value.status), caught.value.code


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (call("write"), ("tools/call", "write")),
        (message("prompts/get", name="greet"), ("prompts/get", "greet")),
        (message("resources/read", uri="file:///a"), ("resources/read", "file:///a")),
        (message("resources/subscribe", uri="file:///a"), ("resources/subscribe", "file:///a")),
        (message("tools/list", name="write"), ("tools/list", None)),
        ({"method": "notifications/initialized"}, ("notifications/initialized", None)),
        ({"method": "tools/call"}, ("tools/call", None)),
        ({"method": "tools/call", "params": ["write"]}, ("tools/call", None)),
        ({"method": "tools/call", "params": {"name": 7}}, ("tools/call", None)),
        ({"method": 7}, (None, None)),
        ({"id": 1, "result": {}}, (None, None)),
        ("tools/call", (None, None)),
        ([], (None, None)),
        (None, (None, None)),
        (b"", (None, None)),
        (b"{", (None, None)),
        (b"name=write", (None, None)),
    ],
)
def test_body_is_one_operation(body, expected):
    assert read(body) == [expected]


def test_operation_has_the_request_and_the_params():
    request = request_with(call("write", path="a"))
    expected = {"name": "write", "arguments": {"path": "a"}}
    assert read_operations(request) == (Operation(request, "tools/call", "write", expected),)


def test_batch_has_an_operation_for_each_message():
    batch = [call("write"), {"method": "notifications/initialized"}, 7]
    expected = [("tools/call", "write"), ("notifications/initialized", None), (None, None)]
    assert read(batch) == expected


def test_request_without_body_is_one_operation():
    assert [each.method for each in read_operations(rf.get("/mcp"))] == [None]


def test_body_is_read_once_and_stays_readable():
    request = request_with(call("write"))
    assert read_operations(request) == read_operations(request)
    assert json.loads(request.read())["method"] == "tools/call"
    assert json.loads(request.body)["method"] == "tools/call"


def test_content_type_does_not_hide_an_operation():
    request = request_with(json.dumps(call("wipe")).encode(), "multipart/form-data; boundary=x")
    assert [each.name for each in read_operations(request)] == ["wipe"]


# What a lenient parser of a view reads must be read here too.
@pytest.mark.parametrize(
    "body",
    [
        b'{"method": "tools/call", "params": {"name": "wipe", "n": NaN}}',
        b'{"method": "tools/call", "params": {"name": "wipe", "text": "a\nb\x01"}}',
        b'{"method": "tools/call", "params": {"name": "wipe", "n": %s}}' % (b"9" * 5000),
        b' \n{"method": "tools/call", "params": {"name": "wi\\u0070e"}}\n',
    ],
)
def test_lenient_json_is_read(body):
    assert read(body) == [("tools/call", "wipe")]


WIPE = json.dumps(call("wipe"))


# The standard library reads most of these from octets, and other parsers read the rest.
@pytest.mark.parametrize(
    "body",
    [
        WIPE.encode("utf-16"),
        WIPE.encode("utf-16-le"),
        WIPE.encode("utf-32-be"),
        WIPE.encode("utf-8-sig"),
        WIPE.replace("{}", '{"a": "é"}').encode("latin-1"),
        WIPE.replace("{}", '{"a": "\ud800"}').encode("utf-8", "surrogatepass"),
        b'{"method": "tools/list", "method": "tools/call"}',
        b'{"method": "tools/call", "params": {"name": "read", "name": "wipe"}}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * (DEEPEST_BODY + 1) + b"1" + b"}" * (DEEPEST_BODY + 1),
    ],
)
def test_body_that_parsers_read_in_different_ways_is_refused(body):
    assert refusal(request_with(body)) == (400, -32700)


# ujson, python-rapidjson, YAML, and parsers that stop at the end of the first value read these.
@pytest.mark.parametrize(
    "body",
    [
        b'{"id": 01, "method": "tools/call"}',
        b'{"id": 1., "method": "tools/call"}',
        b'{"id": -NaN, "me\\u0074hod": "tools/call"}',
        b'{"method": "tools/call"} {}',
        b"method: tools/call",
    ],
)
def test_text_that_only_lenient_parsers_read_as_a_message_is_refused(body):
    assert refusal(request_with(body)) == (400, -32700)


@pytest.mark.parametrize("end", range(len(json.dumps(call("write")))))
def test_message_that_is_cut_off_is_no_message(end):
    assert read(json.dumps(call("write"))[:end].encode()) == [(None, None)]


FORM = "application/x-www-form-urlencoded"
PART = b'--x\r\nContent-Disposition: form-data; name="method"\r\n\r\ntools/call\r\n--x--\r\n'


# A view of REST framework reads a form as it reads JSON.
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"method=tools/call&params.name=wipe", FORM),
        (b"m%65thod=tools/call", FORM),
        (b'{"method": "tools/list", "a": "&method=tools/call&"}', FORM),
        (b'"&method=tools/call&params.name=wipe&"', f"{FORM}; charset=utf-8"),
        (b'"&method=tools/call&"', "application/*"),
        (b'"&method=tools/call&"', "*/*"),
        (PART, "multipart/form-data; boundary=x"),
    ],
)
def test_form_that_may_be_a_message_is_refused(body, kind):
    assert refusal(request_with(body, kind)) == (400, -32700)


@pytest.mark.parametrize("kind", [FORM, "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("body", [b"", b"--x--\r\n", b"a=b", b"a=%20%41"])
def test_form_without_a_method_is_one_operation_without_one(body, kind):
    [operation] = read_operations(request_with(body, kind))
    assert operation.method is None


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json", "application/a+json"])
def test_text_with_the_separators_of_forms_is_read_as_json(kind):
    request = request_with(call("write", text="a&b -- c"), kind)
    assert [each.name for each in read_operations(request)] == ["write"]


@pytest.mark.parametrize("container", [b"[]", b"{}", b'{"a":"["}'])
def test_body_of_very_many_objects_is_refused_before_it_is_parsed(container):
    most = b",".join([container] * (MOST_CONTAINERS - 1))
    assert read(b"[[%s]]" % most[len(container) + 1 :])
    assert refusal(request_with(b"[[%s]]" % most)) == (413, -32600)


def test_brackets_in_strings_are_no_objects():
    text = '\\"[{"' * DEEPEST_BODY + "[" * 2 * MOST_CONTAINERS
    assert read(call("write", text=text)) == [("tools/call", "write")]


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "latin-1", "hex", "nonsense"])
def test_other_charset_is_refused(charset):
    request = request_with(b"{}", f"application/json; charset={charset}")
    assert refusal(request) == (400, -32700)


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", '"utf-8"'])
def test_charset_of_json_is_accepted(charset):
    request = request_with(call("write"), f"application/json; charset={charset}")
    assert [each.name for each in read_operations(request)] == ["write"]


def test_deepest_body_is_read():
    depth = DEEPEST_BODY - 1
    body = b'{"method": "a", "params": ' + b"[" * depth + b"]" * depth + b"}"
    assert read(body) == [("a", None)]


def test_body_above_the_limit_of_django_is_a_413(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert read(b" " * 100) == [(None, None)]
    assert refusal(request_with(b" " * 101)) == (413, -32600)


def test_body_is_bounded_without_a_limit_of_django(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    assert read(b" " * LONGEST_BODY) == [(None, None)]
    assert refusal(request_with(b" " * (LONGEST_BODY + 1))) == (413, -32600)


def chunked(body):
    request = AsyncRequestFactory().generic("POST", "/mcp", body, "application/json")
    del request.META["CONTENT_LENGTH"]
    return request


def test_body_in_chunks_is_counted(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert read_operations(chunked(b" " * 100))
    assert refusal(chunked(b" " * 101)) == (413, -32600)


@pytest.mark.parametrize("limit", [None, 100])
def test_length_that_is_no_number_is_refused(settings, limit):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = limit
    request = request_with(call("write"))
    request.META["CONTENT_LENGTH"] = "nonsense"
    assert refusal(request) == (400, -32700)


def test_body_that_a_middleware_has_used_up_is_refused():
    request = rf.post("/mcp", {"a": "b"})
    request.read(1)
    assert refusal(request) == (400, -32700)


def test_long_batch_is_refused():
    assert len(read([call("write")] * LONGEST_BATCH)) == LONGEST_BATCH
    assert refusal(request_with([call("write")] * (LONGEST_BATCH + 1))) == (400, -32600)


def encoded(name):
    return f"=?base64?{base64.b64encode(name.encode()).decode()}?="


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (call("write"), {"mcp-method": "tools/call"}),
        (call("write"), {"mcp-method": " tools/call ", "mcp-name": "write"}),
        (call("write"), {"mcp-name": encoded("write")}),
        (call("grüß"), {"mcp-name": encoded("grüß")}),
        (message("resources/read", uri="file:///a"), {"mcp-name": "file:///a"}),
        # The specification does not say what the header has for these.
        (message("tasks/get", taskId="1"), {"mcp-name": "1"}),
        (b"", {"mcp-method": "tools/call"}),
    ],
)
def test_headers_that_agree_are_accepted(body, headers):
    assert read(body, **headers)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (call("wipe"), {"mcp-method": "tools/list"}),
        (call("wipe"), {"mcp-method": "TOOLS/CALL"}),
        (call("wipe"), {"mcp-method": ""}),
        (call("wipe"), {"mcp-name": "read"}),
        (call("wipe"), {"mcp-name": encoded("read")}),
        (call("wipe"), {"mcp-name": "=?base64?***?="}),
        (call("wipe"), {"mcp-name": "=?base64?/w==?="}),
        (message("tools/call"), {"mcp-name": "read"}),
        (b"{", {"mcp-method": "tools/list"}),
        ([message("tools/list"), call("wipe")], {"mcp-method": "tools/list"}),
    ],
)
def test_headers_that_contradict_the_body_are_refused(body, headers):
    assert refusal(request_with(body, **headers)) == (400, -32020)
