"""Clients that know only the domain find both MCP servers in the catalogue, and connect to them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clients.deployments import Deployment, Plan, start, stop
from tests.clients.environments import python_with
from tests.clients.programs import PATIENCE
from tests.clients.sites import Site, open_site
from tests.clients.users import profile_in
from tests.clients.walks import let_walk, program
from tests.clients.wire import ask

pytestmark = pytest.mark.clients

CATALOG = "/.well-known/ai-catalog.json"
CARDS = ("/mcp/server-card", "/reports/mcp/server-card")
CARD_TYPE = "application/mcp-server-card+json"
TOOLS = {"/mcp": ["whoami", "set_first_name"], "/reports/mcp": ["count_clients", "list_keys"]}

# A script gets a 304 only if it sends the condition itself. Otherwise the browser answers with the
# document that it has kept.
REVALIDATE = """
async (url) => {
  const first = await fetch(url);
  const document = await first.json();
  const etag = first.headers.get("ETag");
  const second = await fetch(url, {headers: {"If-None-Match": etag}});
  return {status: first.status, document, again: second.status};
}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = open_site("uvicorn", tmp_path_factory.mktemp("cards"))
    yield site
    stop([site.deployment])


@pytest.fixture(scope="module")
def https_site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Return the site as it is behind a proxy that ends TLS: its identifiers have https."""
    plan = Plan("uvicorn", "https://example.com", "https://example.com/mcp")
    given = {"DATABASE": str(site.database)}
    deployment = start(plan, tmp_path_factory.mktemp("https"), given)
    yield deployment
    stop([deployment])


@pytest.fixture(scope="module")
def entries(site: Site) -> list[dict[str, Any]]:
    """Return the entries of MCP servers that hf-discover finds, by the origin of the site alone.

    It refuses the whole catalogue if an entry does not have the form of its own models.
    """
    interpreter = python_with("hf-discover", "hf-discover>=1.3,<2")
    question = [site.origin, "people reports", "--kind", "mcp", "--json"]
    report = json.loads(run(interpreter, "hf-discover", "navigate", *question))
    catalog = {"kind": "catalog", "url": f"{site.origin}{CATALOG}", "status": "ok", "detail": ""}
    assert report["discovered"] == [catalog]
    return report["results"]


@pytest.fixture
def page(browser: Browser, other_origin: str) -> Iterator[Page]:
    with profile_in(browser) as context:
        page = context.new_page()
        page.goto(other_origin)
        yield page


def run(interpreter: Path, name: str, *arguments: str) -> str:
    """Run a program of a virtual environment, and return what it prints."""
    command = [str(interpreter), "-I", str(interpreter.with_name(name)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fetch_card(site: Site, url: str) -> dict[str, Any]:
    """Return a card, with the `Accept` that the extension asks clients to send."""
    answer = ask(site.deployment, url.removeprefix(site.origin), f"Accept: {CARD_TYPE}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, CARD_TYPE)
    return json.loads(answer.body)


def test_client_finds_both_servers_by_the_bare_domain(entries: list[dict[str, Any]]):
    assert {(entry["displayName"], entry["identifier"], entry["type"]) for entry in entries} == {
        ("People", "urn:air:example.com:mcp:people", CARD_TYPE),
        ("Reports", "urn:air:example.com:mcp:reports", CARD_TYPE),
    }


def test_client_connects_to_each_server_that_is_found(
    browser: Browser, site: Site, entries: list[dict[str, Any]]
):
    tools = {}
    for entry in entries:
        [remote] = fetch_card(site, entry["url"])["remotes"]
        walked = let_walk([*program("mcp-2"), remote["url"], "list"], site, browser)
        assert walked.error is None
        [tools[remote["url"]]] = walked.results
    assert tools == {f"{site.origin}{path}": names for path, names in TOOLS.items()}


@pytest.mark.parametrize(
    ("kind", "path"), [("catalog", CATALOG), *(("server-card", path) for path in CARDS)]
)
def test_document_passes_a_check_that_is_not_ours(
    https_site: Deployment, tmp_path: Path, kind: str, path: str
):
    document = tmp_path / "document.json"
    document.write_bytes(ask(https_site, path).body)
    # It accepts https only.
    interpreter = python_with("agent-card", "agent-card-starter>=0.2,<0.3")
    run(interpreter, "agent-card", "validate", str(document), "--type", kind)


@pytest.mark.parametrize("path", [CATALOG, *CARDS])
def test_page_of_any_origin_reads_and_revalidates(page: Page, site: Site, path: str):
    answer = page.evaluate(REVALIDATE, f"{site.origin}{path}")
    assert (answer["status"], answer["again"]) == (200, 304)
    assert f'"{site.origin}/' in json.dumps(answer["document"])
