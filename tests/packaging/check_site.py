"""Check the pages that Sphinx has built: `check_site.py DIRECTORY`.

Every link between pages leads to a page and an anchor. The addresses that the doctor prints exist.
The API page has every public name, with a text. Run by `tox -e docs`. Exits 1 if anything is amiss.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mcp_oauth_discovery.doctor.findings import documentation  # noqa: E402
from mcp_oauth_discovery.doctor.steps import ENTRIES  # noqa: E402

# An entry of the API page that has a name and no text.
EMPTY_ENTRY = r'(?s)<dt class="sig[^>]* id="([^"]+)">(?:(?!<dt).)*?</dt>\s*<dd></dd>'
SITE = documentation("").rpartition("/")[0] + "/"


class Page(HTMLParser):
    """The anchors of a page, and where its links and pictures lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src", "srcset") and value:
                self.targets.add(value)


def main(folder: Path) -> None:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    faults = [*dead_links(pages), *missing_addresses(folder, pages), *missing_names(folder, pages)]
    print("\n".join(faults) or f"{len(pages)} pages: no problems found")  # noqa: T201
    sys.exit(1 if faults else 0)


def dead_links(pages: dict[Path, Page]) -> Iterator[str]:
    for path, page in pages.items():
        for target in sorted(page.targets):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            linked = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            found = linked.is_file() or linked.is_dir()
            anchor = unquote(parts.fragment)
            if not found or (anchor and linked in pages and anchor not in pages[linked].anchors):
                yield f"{path.name}: nothing is at {target}"


def missing_addresses(folder: Path, pages: dict[Path, Page]) -> Iterator[str]:
    """Yield the addresses that the doctor and `mcp_discovery explain` print in vain."""
    checks = re.findall(r"^## `(.+)`$", (ROOT / "docs/checks.md").read_text("utf-8"), re.M)
    # As `explain` writes them.
    anchors = [name.lower().replace(".", "") for name in checks]
    addresses = [documentation(code) for code in ENTRIES]
    for address in [*addresses, *(documentation(anchor, "checks") for anchor in anchors)]:
        name, _, anchor = address.removeprefix(SITE).partition("#")
        if anchor not in pages[folder / name].anchors:
            yield f"nothing is at {address}"


def missing_names(folder: Path, pages: dict[Path, Page]) -> Iterator[str]:
    anchors = pages[folder / "api.html"].anchors
    empty = re.findall(EMPTY_ENTRY, (folder / "api.html").read_text("utf-8"))
    for door in doors():
        for name in sorted(public_names(door)):
            if f"{door}.{name}" not in anchors:
                yield f"api.html: no entry for {door}.{name}"
            elif f"{door}.{name}" in empty:
                yield f"api.html: no text about {door}.{name}"


def doors() -> Iterator[str]:
    """Yield the modules that a project may import, as `tests/test_doors.py` knows them."""
    package = ROOT / "mcp_oauth_discovery"
    for pattern in ("*.py", "*/__init__.py", "contrib/*.py", "contrib/*/__init__.py"):
        for path in package.glob(pattern):
            module = path.parent if path.name == "__init__.py" else path.with_suffix("")
            if not path.read_text("utf-8").startswith('"""Internal: '):
                yield ".".join(module.relative_to(ROOT).parts)


def public_names(door: str) -> set[str]:
    """Return the names in the `__all__` of a module, except those of its submodules."""
    path = ROOT.joinpath(*door.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names = ast.literal_eval(node.value)
            return {name for name in names if not (path / f"{name}.py").is_file()}
    return set()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
