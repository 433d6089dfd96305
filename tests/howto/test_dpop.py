"""docs/howto/dpop.md, word for word, in the project of the preset for django-oauth-toolkit."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integrations.pages import Page, page
from tests.integrations.projects import Project, Site, make, served
from tests.markdown import blocks, read, section

TEXT = read("docs/howto/dpop.md")
ENABLE = Page("dpop.md", section(TEXT, "Enable it"))
REQUIRE = Page("dpop.md", section(TEXT, "Require it"))
PRM = "/.well-known/oauth-protected-resource"


def with_views(urls: str, views: str) -> str:
    """Return urls.py with other views in place of its own."""
    before, _, rest = urls.partition("@bearer_required")
    return before + views + "\n\nurlpatterns" + rest.partition("urlpatterns")[2]


def project_with(directory: Path, *, views: str, members: str = "") -> Project:
    """Follow the page, in a project that has followed the page of the preset."""
    project = make(page("oauth-toolkit.md"), directory, Path(sys.executable), {})
    folder = project.directory / "project"
    settings = (folder / "settings.py").read_text()
    (folder / "settings.py").write_text(f"{settings}\n{ENABLE.files['settings.py']}\n{members}")
    (folder / "urls.py").write_text(with_views((folder / "urls.py").read_text(), views))
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project_with(tmp_path_factory.mktemp("dpop"), views=ENABLE.files["urls.py"])


@pytest.fixture(scope="module")
def site(project: Project) -> Iterator[Site]:
    with served(project) as site:
        yield site


def test_checks_find_no_problem(project):
    [line] = [line for line in ENABLE.lines if "check --deploy" in line]
    # The page of the preset leaves the origins of browsers open (W046).
    settings = project.directory / "project" / "settings.py"
    settings.write_text(f"{settings.read_text()}\nMCP_ALLOWED_ORIGINS = []\n")
    project.manage(*line.split()[2:], "--fail-level", "WARNING")


def test_metadata_announces_dpop_as_the_page_shows(site):
    [shown] = [line for line in ENABLE.lines if line.startswith('"dpop')]
    assert re.findall(r'"dpop[^]]*]', site.ask(f"{PRM}/mcp").body) == [shown]


def test_challenge_offers_dpop_as_the_page_shows(site):
    [shown] = [line for line in ENABLE.lines if line.startswith("DPoP algs")]
    header = site.ask("/mcp", "POST").headers["www-authenticate"]
    assert re.findall('DPoP algs="[^"]*"', header) == [shown]
    assert header.startswith("Bearer ")


def test_endpoints_of_one_site_may_accept_or_require_proofs(tmp_path):
    members = (
        'MCP_RESOURCES["/payments/mcp"] = {"scopes_supported": ["payments"]}\n'
        'OAUTH2_PROVIDER["SCOPES"]["payments"] = "Pay"\n'
        'MCP_AUTHORIZATION_SERVER_METADATA["scopes_supported"] = ["mcp", "payments"]\n'
    )
    project = project_with(tmp_path, views=REQUIRE.files["views.py"], members=members)
    urls = project.directory / "project" / "urls.py"
    path = '    path("payments/mcp", payments),\n]'
    urls.write_text(urls.read_text().rstrip().removesuffix("]") + path)
    with served(project) as site:
        required = [
            site.ask(f"{PRM}{path}").json.get("dpop_bound_access_tokens_required")
            for path in ("/mcp", "/payments/mcp")
        ]
        assert required == [None, True]
        assert site.ask("/payments/mcp", "POST").headers["www-authenticate"].startswith("DPoP ")


def test_every_block_of_the_page_is_used():
    assert len(blocks(TEXT, "python")) == len(ENABLE.files) + len(REQUIRE.files)
