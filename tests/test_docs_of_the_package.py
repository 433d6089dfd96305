"""The pages name what there is: layers, modules, pages, versions."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from benchmarks.load import WRK_IS_MISSING
from tests.clients.environments import CHROMIUM_IS_MISSING, NODE_IS_MISSING
from tests.databases.postgresql import POSTGRESQL_IS_MISSING
from tests.markdown import CHECKOUT, DOCUMENTATION, PAGES, anchors, blocks, read, section
from tests.proxies import CADDY_IS_MISSING, NGINX_IS_MISSING
from tests.robustness.faults.test_sqlite import NOT_MOUNTED
from tests.robustness.faults.test_two_releases import NO_HISTORY

README = read("README.md")
PACKAGE = CHECKOUT / "mcp_oauth_discovery"
ARCHITECTURE = read("docs/architecture.md")
START_COMMAND = (
    "python3 -m venv .venv && .venv/bin/pip install --quiet --editable '.[example]' "
    "&& .venv/bin/python manage.py start"
)


def layers(text: str) -> list[set[str]]:
    return [set(line.split(" | ")) for line in text.strip().splitlines()]


def links(text: str) -> list[str]:
    """Return the targets of the links and pictures of a page."""
    return re.findall(r"\]\(([^)]+)\)", text)


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string(read("setup.cfg"))
    return parser


def test_documented_layers_are_the_enforced_ones():
    [documented] = blocks(section(ARCHITECTURE, "Layers"), "text")
    enforced = setup_cfg()["importlinter:contract:layers"]["layers"]
    assert layers(documented) == layers(enforced)


def test_every_module_of_a_room_is_mentioned():
    for init in PACKAGE.glob("*/__init__.py"):
        if init.parent.name in {"migrations", "doctor", "checks"}:
            continue
        modules = {module.stem for module in init.parent.glob("*.py")} - {"__init__"}
        mentioned = set(re.findall(r"`(\w+)`", ARCHITECTURE))
        assert modules - mentioned == set(), init.parent.name


@pytest.mark.parametrize(
    "room", ["", "output", "project", "project/tokens", "steps", "transport", "walk"]
)
def test_every_module_of_the_doctor_is_mentioned(room):
    modules = {path.stem for path in (PACKAGE / "doctor" / room).glob("*.py")} - {"__init__"}
    mentioned = set(re.findall(r"`(\w+)`", section(ARCHITECTURE, "The doctor")))
    assert modules - mentioned == set()


def test_every_relative_link_resolves():
    for page in PAGES:
        for target in (one for one in links(read(page)) if not one.startswith("http")):
            name, _, anchor = target.partition("#")
            linked = (CHECKOUT / page).parent / name if name else CHECKOUT / page
            assert linked.is_file(), f"{page}: {target}"
            text = linked.read_text(encoding="utf-8") if anchor else ""
            assert not anchor or anchor in anchors(text), f"{page}: {target}"


def test_index_links_every_page_and_lists_it_in_a_toctree():
    index = read("docs/index.md")
    listed = " ".join(blocks(index, "{toctree}"))
    pages = {page.relative_to(CHECKOUT / "docs") for page in (CHECKOUT / "docs").rglob("*.md")}
    for page in pages - {Path("index.md")}:
        assert f"({page})" in index, page
        assert re.search(rf"(^|<){page.with_suffix('')}(>|$)", listed, re.M), page


def test_readme_has_absolute_links_only():
    # A package index shows the README without the files beside it.
    assert [target for target in links(README) if not target.startswith("https://")] == []


def test_every_link_of_the_readme_to_the_documentation_resolves():
    start = f"{DOCUMENTATION}/"
    targets = [target.removeprefix(start) for target in links(README) if target.startswith(start)]
    assert len(targets) >= 5
    for target in targets:
        name, _, anchor = (target or "index.html").partition("#")
        page = CHECKOUT / "docs" / name.replace(".html", ".md")
        assert page.is_file(), target
        assert not anchor or anchor in anchors(page.read_text(encoding="utf-8")), target


def test_readme_has_the_command_in_a_block_of_its_own():
    for page in (README, read("example_project/README.md")):
        assert f"{START_COMMAND}\n" in blocks(page, "console")


def test_contributing_has_the_reasons_for_which_tests_are_skipped():
    table = section(read("CONTRIBUTING.md"), "Tests")
    quoted = re.findall(r"\| `([^`|]+ missing\.)` \|$", table, re.M)
    reasons = (
        NODE_IS_MISSING,
        CHROMIUM_IS_MISSING,
        NGINX_IS_MISSING,
        WRK_IS_MISSING,
        CADDY_IS_MISSING,
        POSTGRESQL_IS_MISSING,
        NOT_MOUNTED,
        NO_HISTORY,
    )
    assert [reason[: len(start)] for reason, start in zip(reasons, quoted, strict=True)] == quoted


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_page_names_the_supported_versions(page):
    framework = "Programming Language :: Python :: 3.", "Framework :: Django :: "
    classifiers = setup_cfg()["metadata"]["classifiers"].split("\n")
    versions = [one.rpartition(" ")[2] for one in classifiers if one.startswith(framework)]
    pythons = [version for version in versions if version.startswith("3.")]
    djangos = [version for version in versions if not version.startswith("3.")]
    assert f"Python {pythons[0]} to {pythons[-1]}" in read(page)
    assert f"Django {', '.join(djangos[:-1])} and {djangos[-1]}" in read(page)


def test_no_module_of_the_package_has_more_than_300_lines():
    lengths = {str(path): len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert [path for path, length in lengths.items() if length > 300] == []
