"""Where the next release of django-oauth-toolkit has moved its modules."""

from __future__ import annotations

import configparser
import importlib.util
import sys
from types import ModuleType

import pytest

from mcp_oauth_discovery.contrib.oauth_toolkit import clients, pages
from tests.markdown import CHECKOUT

pytestmark = pytest.mark.django_db


MOVED = {
    "pages": ("oauth2_provider.exceptions", "oauth2_provider.core.exceptions"),
    "clients": ("oauth2_provider.cimd", "oauth2_provider.authorization_server.cimd"),
}


def load(module):
    """Import a module again, as a second object beside the usual one."""
    spec = importlib.util.spec_from_file_location(f"once_more_{module.__name__}", module.__file__)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


class Moved(Exception):
    """Stands for the exceptions of django-oauth-toolkit that have moved."""


@pytest.mark.parametrize("module", [pages, clients], ids=list(MOVED))
@pytest.mark.parametrize("is_moved", [False, True])
def test_modules_are_found_in_either_place(monkeypatch, module, is_moved):
    found = ModuleType("found")
    found.FatalClientError = found.CIMDError = Moved
    found.SafeMetadataFetcher = object
    before, after = MOVED[module.__name__.rpartition(".")[2]]
    # The other place is missing.
    monkeypatch.setitem(sys.modules, after, found if is_moved else None)
    monkeypatch.setitem(sys.modules, before, None if is_moved else found)
    made = vars(load(module))
    assert Moved in (made.get("FatalClientError"), made.get("CIMDError"))


def test_every_extra_is_bounded_below_the_release_that_drops_the_old_places():
    parser = configparser.ConfigParser()
    parser.read(CHECKOUT / "setup.cfg")
    named = [line for extra in parser["options.extras_require"].values() for line in extra.split()]
    wanted = [line for line in named if line.startswith("django-oauth-toolkit")]
    assert set(wanted) == {"django-oauth-toolkit>=3.4,<4"}
