"""No page of `docs/integrations/` is left out, and each keeps to one form."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from tests.integrations.pages import FOLDER, page
from tests.markdown import headings

PAGES = sorted(path.name for path in FOLDER.glob("*.md"))


def module_of(name: str) -> ModuleType:
    return importlib.import_module(f"tests.integrations.test_{Path(name).stem.replace('-', '_')}")


def test_every_page_has_a_module_that_follows_it():
    modules = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    assert modules == {"test_pages", *(f"test_{Path(one).stem.replace('-', '_')}" for one in PAGES)}


@pytest.mark.parametrize("name", PAGES)
def test_page_keeps_to_one_form(name):
    # It can be read in one go, and each block of Python has a file that it goes into.
    assert len(page(name).text.splitlines()) <= 155
    assert page(name).files
    titles = headings(page(name).text, 2)
    assert "Pitfalls" in titles
    assert titles[-1] == "See that it works"


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_installs_is_what_its_module_runs(name):
    assert page(name).requirements
    if not hasattr(module_of(name), "OWN_ENVIRONMENT"):
        required = map(Requirement, page(name).requirements)
        assert all(one.specifier.contains(version(one.name)) for one in required)
