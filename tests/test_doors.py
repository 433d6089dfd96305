"""Doors and rooms: what the root of the package has, and what a project may import."""

from __future__ import annotations

import ast
import re

import pytest

from tests.markdown import CHECKOUT, PAGES, blocks, read, section

PACKAGE = CHECKOUT / "mcp_oauth_discovery"
ARCHITECTURE = read("docs/architecture.md")
# What the root has beside doors and rooms.
OTHERS = {"__init__.py", "locale", "py.typed", "static", "templates"}
# Packages without code of their own: Django finds what is in them, or a project imports a module.
FOLDERS = {"contrib", "management", "migrations"}
FACES = ["admin", "challenge", "doctor", "protection", "rotation", "signing", "verifiers"]
# What projects import of contrib.
CONTRIB = [
    f"contrib/{name}" for name in ("ninja", "oauth_toolkit", "rest_framework", "spectacular")
]


def named(heading: str) -> set[str]:
    return set(re.findall(r"^- `(\w+)`: ", section(ARCHITECTURE, heading), re.M))


def tree(name: str) -> ast.Module:
    path = PACKAGE / f"{name}.py"
    path = path if path.is_file() else PACKAGE / name / "__init__.py"
    return ast.parse(path.read_text(encoding="utf-8"))


def public(name: str) -> set[str]:
    """Return the names in the `__all__` of a module, which may not be importable here."""
    for node in tree(name).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def defined(name: str) -> set[str]:
    """Return the names that a module imports, assigns or defines."""
    names = set()
    nodes = tree(name).body
    # A lazy face imports its names for type checkers only.
    nodes += [node for block in nodes if isinstance(block, ast.If) for node in block.body]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            names |= {leaf.id for leaf in ast.walk(node) if isinstance(leaf, ast.Name)}
    return names


DOORS = sorted(named("Doors") - FOLDERS) + CONTRIB


def test_every_entry_of_the_root_is_a_door_or_a_room():
    entries = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    doors, rooms = named("Doors"), named("Rooms")
    assert doors & rooms == set()
    assert {name.removesuffix(".py") for name in entries - OTHERS} == doors | rooms
    assert len(entries) <= 30
    for name in rooms:
        assert read(f"mcp_oauth_discovery/{name}/__init__.py").startswith('"""Internal: '), name


@pytest.mark.parametrize("name", DOORS)
def test_door_lists_its_public_names(name):
    assert public(name)
    assert public(name) <= defined(name)


@pytest.mark.parametrize("name", FACES)
def test_face_only_imports(name):
    docstring, *imports, names = tree(name).body
    assert isinstance(docstring, ast.Expr)
    assert all(isinstance(node, ast.ImportFrom) for node in imports)
    assert isinstance(names, ast.Assign)


def test_pages_import_public_names_only():
    imports = [
        (node.module.removeprefix("mcp_oauth_discovery.").replace(".", "/"), alias.name)
        for page in PAGES
        for block in blocks(read(page), "python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("mcp_oauth_discovery.")
        for alias in node.names
    ]
    doors = set(DOORS)
    private = {
        (module, name)
        for module, name in imports
        if f"{module}/{name}" not in doors and (module not in doors or name not in public(module))
    }
    assert imports
    assert private == set()


def test_pages_name_no_room_as_something_to_import():
    doors = {name.split("/")[0] for name in DOORS}
    for page in PAGES:
        modules = re.findall(r"`mcp_oauth_discovery\.([a-z]\w+)(?:\.\w+)*`", read(page))
        # The others are permissions.
        named_here = {name for name in modules if not name.endswith("_signingkey")}
        assert named_here <= {*doors, *FOLDERS}, page
