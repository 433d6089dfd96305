"""`docs/logging.md` lists each reason for which a token is refused, and what the signals carry."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.signals import token_accepted, token_refused
from mcp_oauth_discovery.signing import sign_jwt
from tests import ORIGIN
from tests.markdown import CHECKOUT, blocks, first_column, read, section

PAGE = read("docs/logging.md")
WHY = section(PAGE, "Why a token was refused")


def constants() -> Iterator[str]:
    """Yield each literal that the package passes as `reason`, or has as its default."""
    for module in sorted((CHECKOUT / "mcp_oauth_discovery").rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "reason":
                yield from literals(node.value)
            if isinstance(node, ast.arguments):
                names = [argument.arg for argument in node.kwonlyargs]
                for name, default in zip(names, node.kw_defaults, strict=True):
                    yield from literals(default) if name == "reason" else ()


def literals(node: ast.expr | None) -> list[str]:
    value = node.value if isinstance(node, ast.Constant) else None
    return [value] if isinstance(value, str) else []


def test_every_reason_is_documented():
    assert {"expired", "not_recognised", "invalid", "insufficient_scope"} <= set(constants())
    table = WHY[WHY.index("| `reason` | The token |") :]
    rows = re.findall(r"^\| (`[^|]+`) \|", table, re.M)[1:]
    documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(documented) == len(set(documented))
    assert set(documented) == {*constants(), "malformed", "repeated"}


@pytest.fixture
def sent():
    """What both signals send, in order."""
    received = []

    def receive(**arguments):
        received.append(arguments)

    for signal in (token_accepted, token_refused):
        signal.connect(receive)
    yield received
    for signal in (token_accepted, token_refused):
        signal.disconnect(receive)


@pytest.fixture
def judged(rf, settings, db):
    """Judge a token that is valid for a number of seconds, or no token."""
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")

    def judge(seconds=None):
        headers = {}
        if seconds is not None:
            claims = {"sub": "1", "aud": f"{ORIGIN}/mcp", "exp": int(time.time()) + seconds}
            headers["authorization"] = f"Bearer {sign_jwt(claims)}"
        return BearerProtection("/mcp")(rf.post("/mcp", headers=headers))

    return judge


def test_arguments_of_the_signals_are_the_documented_ones(judged, sent):
    judged(600)
    judged(-600)
    names = first_column(section(PAGE, "Signals"))
    assert [set(arguments) - {"signal"} for arguments in sent] == [set(names), set(names)]
    assert [arguments["reason"] for arguments in sent] == ["accepted", "expired"]
    assert {arguments["sender"] for arguments in sent} == {BearerProtection}


def test_request_without_a_token_sends_no_signal(judged, sent):
    judged()
    assert sent == []


def test_receiver_that_fails_does_not_change_the_answer(judged, caplog):
    def fail(**arguments):
        raise RuntimeError("down")

    token_accepted.connect(fail)
    try:
        assert judged(600) is None
    finally:
        token_accepted.disconnect(fail)
    assert [record.name for record in caplog.records] == ["django.dispatch"]


def test_record_is_the_shown_one(judged, caplog):
    caplog.set_level("INFO", "mcp_oauth_discovery")
    judged(-600)
    [record] = caplog.records
    [shown] = blocks(WHY, "text")
    assert re.sub(r"\d{9,}", "N", record.getMessage()) == re.sub(r"\d{9,}", "N", shown.strip())
    attributes = first_column(WHY.partition("| `reason` | The token |")[0])
    assert len(attributes) == 5
    assert all(hasattr(record, name) for name in attributes)
