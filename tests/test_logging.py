"""Every record has a name that is documented, and stays on one line."""

from __future__ import annotations

import ast
import logging
import logging.config
import re
from collections.abc import Iterator

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError

from mcp_oauth_discovery.challenge import bearer_challenge
from mcp_oauth_discovery.challenge.answers import add_challenge
from mcp_oauth_discovery.discovery import documents, signed
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.views import JWKSView
from tests import JWKS
from tests.keys import missing_tables
from tests.markdown import CHECKOUT, blocks, read, section

PAGE = read("docs/logging.md")
PACKAGE = CHECKOUT / "mcp_oauth_discovery"
METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
FORGED = "nothing\r\nERROR the keys are gone\x1b[31m"


def is_logger(node: ast.expr) -> bool:
    """Say whether this is a logger: a name for one, or `logging.getLogger(...)` itself."""
    return bool(re.search(r"logg|^security$", ast.unparse(node)))


def log_calls() -> Iterator[tuple[str, ast.Call, ast.AST]]:
    """Yield each log call of the package, where it is, and the function that it is in."""
    for module in sorted(PACKAGE.rglob("*.py")):
        for outer in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for node in ast.walk(outer):
                called = node.func if isinstance(node, ast.Call) else None
                if not isinstance(called, ast.Attribute) or called.attr not in METHODS:
                    continue
                if is_logger(called.value):
                    yield f"{module.relative_to(PACKAGE)}:{node.lineno}", node, outer


def event_of(call: ast.Call, function: ast.AST) -> tuple[str, str] | None:
    """Return the event of a log call, which is a literal, and its level; None without one."""
    [extra] = [one.value for one in call.keywords if one.arg == "extra"] or [None]
    if isinstance(extra, ast.Name):
        # The one assigned last before the call.
        assigned = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == extra.id
            and node.lineno < call.lineno
        ]
        extra = max(assigned, key=lambda node: node.lineno)
    if not isinstance(extra, ast.Dict):
        return None
    keys = [key and ast.unparse(key) for key in extra.keys]
    event = extra.values[keys.index("'event'")] if "'event'" in keys else None
    level = call.func.attr.upper()
    level = "ERROR" if level == "EXCEPTION" else level
    return (event.value, level) if isinstance(event, ast.Constant) else None


CALLS = list(log_calls())


def test_every_log_call_names_its_event():
    assert CALLS
    for where, call, function in CALLS:
        event, _ = event_of(call, function)
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", event), where


def test_every_log_message_is_fixed_but_for_its_arguments():
    # What is not an argument cannot be told from the rest by those who count messages.
    for where, call, _ in CALLS:
        assert not isinstance(call.args[0], (ast.JoinedStr, ast.BinOp)), where


def test_documented_events_are_those_of_the_code_with_their_levels():
    rows = re.findall(r"^\| `([^`]+)` \| `(\w+)` \|", section(PAGE, "The events"), re.M)
    assert len(rows) == len(dict(rows))
    assert dict(rows) == dict(event_of(*call) for _, *call in CALLS)


def test_every_logger_of_the_package_is_found():
    """Hold that no log call hides behind a name that the tests above do not know."""
    sources = [module.read_text(encoding="utf-8") for module in PACKAGE.rglob("*.py")]
    named = {name for text in sources for name in re.findall(r"(\w+) = logging\.getLogger", text)}
    assert named == {"logger", "security"}
    assert not any(
        "getLogger" in line and " = " not in line for line in "\n".join(sources).split("\n")
    )


def test_example_writes_the_names_down(capsys):
    [code] = blocks(PAGE, "python")
    names: dict = {}
    exec(compile(code, "example", "exec"), names)  # noqa: S102
    loggers = [logging.getLogger(name) for name in names["LOGGING"]["loggers"]]
    before = [(one, one.handlers[:], one.level) for one in loggers]
    try:
        logging.config.dictConfig(names["LOGGING"])
        loggers[0].error("Gone.", extra={"event": "jwks.stale"})
        loggers[1].error("Whoever.")
    finally:
        for one, handlers, level in before:
            one.handlers, one.level = handlers, level
    assert capsys.readouterr().err.splitlines() == ["ERROR jwks.stale Gone.", "ERROR - Whoever."]


# What others have written


def only(caplog) -> logging.LogRecord:
    [record] = [one for one in caplog.records if hasattr(one, "event")]
    assert record.getMessage().isprintable()
    return record


@pytest.mark.parametrize(
    ("error", "event"),
    [(ValueError(FORGED), "document.failed"), (SuspiciousOperation(FORGED), "request.refused")],
)
def test_error_of_a_view_begins_no_line(rf, caplog, monkeypatch, error, event):
    class OwnView(JWKSView):
        def get_document(self, request, **kwargs):
            raise error

    OwnView.as_view()(rf.get("/.well-known/jwks.json"))
    assert only(caplog).event == event


def test_refused_host_of_a_challenge_begins_no_line(rf, caplog):
    request = rf.get("/mcp", headers={"host": "evil\r\nERROR.example"})
    bearer_challenge(request)
    assert only(caplog).event == "request.refused"


def test_header_that_cannot_be_read_begins_no_line(rf, caplog):
    class Response:
        headers = {"WWW-Authenticate": f'Bearer realm="{FORGED}'}

    add_challenge(rf.get("/mcp", headers={"host": "localhost"}), Response())
    assert only(caplog).event == "challenge.replaced"


def test_error_of_the_database_begins_no_line(settings, site, caplog, monkeypatch):
    settings.MCP_SIGNED_METADATA = True
    settings.MCP_ISSUER = "https://app.example.com"

    def fail(*args):
        raise OperationalError("could not connect\n\tIs the server running?")

    monkeypatch.setattr(signed, "sign_document", fail)
    documents.protected_resource_metadata(site)
    assert only(caplog).event == "signed_metadata.unread"


def test_every_failure_has_a_record_and_the_first_one_the_traceback(
    transactional_db, settings, fetch, caplog
):
    with missing_tables():
        assert [fetch(JWKS).status_code for _ in range(3)] == [500] * 3
    records = [one for one in caplog.records if getattr(one, "event", "") == "document.failed"]
    assert [bool(one.exc_info) for one in records] == [True, False, False]
    assert len({one.getMessage() for one in records}) == 1


def test_every_failure_of_an_endpoint_has_a_record_and_the_first_one_the_traceback(rf, caplog):
    for _ in range(3):
        BearerProtection("/no-such-resource")(rf.get("/mcp", secure=True))
    records = [one for one in caplog.records if getattr(one, "event", "") == "endpoint.failed"]
    assert [bool(one.exc_info) for one in records] == [True, False, False]
