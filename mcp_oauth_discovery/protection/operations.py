"""`Operation`: what a request asks an MCP server to do, as its JSON-RPC body says."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.http import HttpRequest

from mcp_oauth_discovery.protection.bodies import (
    HEADER_MISMATCH,
    INVALID_REQUEST,
    RefusedBody,
    read_json,
)

# More operations in one batch are refused. Only revision 2025-03-26 of MCP has batches.
LONGEST_BATCH = 50

# Which member of `params` names what a method is about. `Mcp-Name` has the same value.
_NAMES = {
    "prompts/get": "name",
    "resources/read": "uri",
    "resources/subscribe": "uri",
    "resources/unsubscribe": "uri",
    "tools/call": "name",
}
# MCP 2026-07-28: how a header carries a value that is not plain ASCII.
_ENCODED = "=?base64?", "?="


@dataclass(frozen=True)
class Operation:
    """One message of a request: what it asks for.

    `method` is that of JSON-RPC, such as "tools/call", or None if the body is no message with a
    method. `name` is the tool or the prompt, or the URI of the resource, if the method has one.
    `params` is empty if the message has no params by name.
    """

    request: HttpRequest
    method: str | None = None
    name: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


class _Message(NamedTuple):
    method: str | None
    name: str | None
    params: Mapping[str, Any]


def read_operations(request: HttpRequest) -> tuple[Operation, ...]:
    """Return the operations of a request, of which a batch has several; raises `RefusedBody`.

    They are read once for each request, and the view can still read the body.
    """
    messages: list[_Message] | None = vars(request).get("_mcp_messages")
    if messages is None:
        # Not the operations: each has the request, which would then contain itself.
        messages = vars(request)["_mcp_messages"] = _read(request)
    return tuple(Operation(request, *message) for message in messages)


def _read(request: HttpRequest) -> list[_Message]:
    value = read_json(request)
    messages = value if isinstance(value, list) and value else [value]
    if len(messages) > LONGEST_BATCH:
        text = f"The batch has more than {LONGEST_BATCH} messages"
        raise RefusedBody(text, INVALID_REQUEST)
    read = [_message(message) for message in messages]
    # GET and DELETE have no body that a header could contradict.
    if request.body:
        _check_headers(request, read)
    return read


def _message(message: object) -> _Message:
    method = message.get("method") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(method, str):
        return _Message(None, None, {})
    params = message.get("params")
    params = params if isinstance(params, dict) else {}
    name = params.get(_NAMES.get(method, ""))
    return _Message(method, name if isinstance(name, str) else None, params)


def _check_headers(request: HttpRequest, messages: list[_Message]) -> None:
    """Refuse headers that contradict the body: a proxy may have decided by them (MCP 2026-07-28).

    A header that is not there contradicts nothing.
    """
    method, name = request.headers.get("Mcp-Method"), request.headers.get("Mcp-Name")
    for message in messages:
        if method is not None and method.strip() != message.method:
            raise RefusedBody("Mcp-Method and the body are not the same", HEADER_MISMATCH)
        is_named = message.method in _NAMES
        if name is not None and is_named and _decoded(name.strip()) != message.name:
            raise RefusedBody("Mcp-Name and the body are not the same", HEADER_MISMATCH)


def _decoded(value: str) -> str:
    start, end = _ENCODED
    if not (value.startswith(start) and value.endswith(end)):
        return value
    try:
        return base64.b64decode(value[len(start) : -len(end)], validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise RefusedBody("Mcp-Name is not in base64", HEADER_MISMATCH) from error
