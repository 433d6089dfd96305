"""Code of a project that signs tokens is found among the loaded modules."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import mcp_oauth_discovery
from mcp_oauth_discovery import signing
from mcp_oauth_discovery.checks import signers
from mcp_oauth_discovery.signing import sign_jwt, verify_jwt


@pytest.fixture
def module(monkeypatch):
    """Load a module with these globals."""

    def module(name, **values):
        loaded = ModuleType(name)
        vars(loaded).update(values)
        monkeypatch.setitem(sys.modules, name, loaded)
        return loaded

    return module


def test_project_of_these_tests_has_no_caller():
    assert signers.callers() == []


def test_module_that_imports_the_function_is_a_caller(module):
    module("shop.views", token=sign_jwt)
    assert signers.callers() == ["shop.views"]


@pytest.fixture
def written(tmp_path, monkeypatch, settings):
    """Write a URLconf that nothing has imported yet."""

    def written(text):
        (tmp_path / "urls_of_a_shop.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        settings.ROOT_URLCONF = "urls_of_a_shop"

    yield written
    sys.modules.pop("urls_of_a_shop", None)


def test_views_are_loaded_first(written):
    written("from mcp_oauth_discovery.signing import sign_jwt\nurlpatterns = []\n")
    assert signers.callers() == ["urls_of_a_shop"]


def test_urlconf_that_cannot_be_imported_is_the_matter_of_another_check(written):
    written("import a_module_that_is_missing\n")
    assert signers.callers() == []


@pytest.mark.parametrize(
    "name", ["shop.tests.tokens", "shop.test_tokens", "shop.conftest", "mcp_oauth_discovery.x"]
)
def test_tests_and_this_package_are_no_callers(module, name):
    module(name, sign_jwt=sign_jwt)
    assert signers.callers() == []


def test_module_that_only_verifies_is_no_caller(module):
    module("shop.views", verify_jwt=verify_jwt)
    assert signers.callers() == []


@pytest.mark.parametrize("door", [mcp_oauth_discovery, signing, signing.sign])
def test_module_that_calls_through_the_package_is_a_caller(module, door, monkeypatch, tmp_path):
    path = tmp_path / "tokens.py"
    path.write_text("def issue():\n    return signing.sign_jwt({})\n")
    module("shop.tokens", door=door, __file__=str(path))
    assert signers.callers() == ["shop.tokens"]


def test_module_with_the_package_that_does_not_call_is_no_caller(module, tmp_path):
    path = tmp_path / "tokens.py"
    path.write_text("signing.verify_jwt\n")
    module("shop.tokens", signing=signing, __file__=str(path))
    assert signers.callers() == []


def test_module_without_source_is_no_caller(module):
    module("shop.tokens", signing=signing)
    assert signers.callers() == []


def test_other_objects_among_the_modules_are_no_callers(monkeypatch):
    monkeypatch.setitem(sys.modules, "shop.nothing", None)
    assert signers.callers() == []
