"""What the other tests stand on: servers that say why they died, clients that may be missing."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from tests.clients import environments, programs, walks
from tests.clients.deployments import HOST, Plan, free_port, start
from tests.clients.environments import (
    CHROMIUM_IS_MISSING,
    NODE_IS_MISSING,
    chromium,
    make_once,
    node_with_sdks,
    unavailable,
)
from tests.clients.programs import running
from tests.clients.sites import requests

pytestmark = pytest.mark.clients


@pytest.fixture
def optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCP_REQUIRE_CLIENTS", raising=False)


def test_server_that_does_not_start_shows_its_log(tmp_path: Path, server: str):
    plan = Plan(server, "{origin}", "{origin}/mcp", options=("--no-such-option",))
    with pytest.raises(pytest.fail.Exception, match=r"(?s)did not start.*--no-such-option"):
        start(plan, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux keeps a port for a server.")
def test_port_is_kept_for_a_server():
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((HOST, port))
    # It sets SO_REUSEADDR, as servers do.
    with socket.create_server((HOST, port)) as server:
        assert server.getsockname()[1] == port


def test_what_a_client_has_said_is_shown(capsys: pytest.CaptureFixture[str]):
    code = "import sys; print('out'); print('err', file=sys.stderr)"
    with running([sys.executable, "-c", code]) as program:
        assert list(program.out) == ["out\n"]
    assert capsys.readouterr().out == "The client said:\nout\nerr\n"


# An answer whose body comes later, as from a server with much to do.
SECOND_CLIENT = """
import asyncio, sys
from walk_fastmcp import clients

async def serve(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 403 No\\r\\nContent-Length: 4\\r\\nConnection: close\\r\\n\\r\\n")
    await closed.wait()
    writer.write(b"late")
    writer.close()

async def main():
    global closed
    closed = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    origin = "http://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
    factory = clients([])
    async with factory() as first, first.stream("GET", origin) as answer:
        async with factory():
            pass
        closed.set()
        print(answer.status_code, (await answer.aread()).decode())

asyncio.run(main())
"""


def test_second_client_of_fastmcp_leaves_the_answers_of_the_first_open():
    interpreter, *options, script = walks.program("fastmcp-4")
    env = {**os.environ, "PYTHONPATH": str(Path(script).parent)}
    with running([interpreter, *options[1:], "-c", SECOND_CLIENT], env=env) as client:
        assert list(client.out) == ["403 late\n"]


def test_client_that_says_nothing_fails_the_test(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(programs, "PATIENCE", 0)
    with (
        running([sys.executable, "-c", "input()"]) as program,
        pytest.raises(pytest.fail.Exception, match="has said nothing"),
    ):
        next(iter(program.out))


def test_client_that_ends_without_the_awaited_line_fails_the_test():
    with (
        running([sys.executable, "-c", "print('another')"]) as program,
        pytest.raises(pytest.fail.Exception, match="without a line with awaited"),
    ):
        program.out.find("awaited")


def test_client_is_ended_with_what_it_has_started():
    with running(["sh", "-c", "(sleep 20; echo It lives on.) & echo It has started."]) as program:
        program.out.find("started")
    assert program.out.lines == ["It has started.\n"]


def test_access_logs_are_read_as_requests():
    gunicorn = '127.0.0.1 - - [23/Nov/2026:18:12:59 +0000] "POST /mcp HTTP/1.1" 401 25 "-" "node"'
    uvicorn = 'INFO:     127.0.0.1:53024 - "GET /o/authorize/?a=b HTTP/1.1" 500 Internal Error'
    assert requests(f"{gunicorn}\n{uvicorn}\n") == ["POST /mcp 401", "GET /o/authorize/ 500"]


@pytest.mark.usefixtures("optional")
def test_missing_client_skips_the_test():
    with pytest.raises(pytest.skip.Exception, match="why"):
        unavailable("why")


def test_missing_client_fails_the_test_where_all_are_required(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MCP_REQUIRE_CLIENTS", "1")
    with pytest.raises(pytest.fail.Exception, match="why"):
        unavailable("why")


@pytest.mark.usefixtures("optional")
def test_missing_node_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception) as skipped:
        node_with_sdks()
    assert skipped.value.msg == NODE_IS_MISSING


@pytest.mark.usefixtures("optional")
def test_old_node_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho v18.20.4\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception) as skipped:
        node_with_sdks()
    assert skipped.value.msg == NODE_IS_MISSING


@pytest.mark.usefixtures("optional")
def test_missing_chromium_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception) as skipped:
        chromium(str(tmp_path / "chrome"))
    assert skipped.value.msg == CHROMIUM_IS_MISSING


def test_chromium_of_playwright_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    own = tmp_path / "chrome"
    own.touch()
    assert chromium(str(own)) == str(own)


def test_environment_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(environments, "CLIENTS", tmp_path)
    builds: list[str] = []
    for recipe in ("one", "one", "two"):
        make_once(tmp_path / "client", recipe, lambda recipe=recipe: builds.append(recipe))
    assert builds == ["one", "two"]


def test_half_made_environment_is_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(environments, "CLIENTS", tmp_path)
    home = tmp_path / "client"

    def break_off() -> None:
        (home / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_once(home, "recipe", break_off)
    make_once(home, "recipe", (home / "whole").touch)
    assert {path.name for path in home.iterdir()} == {"made-by", "whole"}
