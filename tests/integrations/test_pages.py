"""No page of `docs/integrations/` is left out, and each keeps to one form."""

from __future__ import annotations

import importlib
import re
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from tests import ORIGIN
from tests.integrations.pages import FOLDER, Page, page
from tests.integrations.projects import make, served
from tests.markdown import headings, section

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


def test_every_page_says_what_to_do_with_an_app_that_is_already_there():
    # Django refuses a second `mcp_oauth_discovery`: "Application labels aren't unique".
    texts = {name: " ".join(page(name).text.split()) for name in PAGES}
    reminder = "Leave out an app or a middleware that is already there"
    assert [name for name, text in texts.items() if reminder not in text] == []


# How the lines of the preset are added to the project of another page, as its section says.
PRESET = page("oauth-toolkit.md")
ADDITIONS = section(PRESET.text, "Add it to another page")


def with_preset(name: str) -> Page:
    """Return a page to whose project the lines of the preset have been added, and no other ones."""
    other = page(name)
    imported, _, rest = PRESET.files["settings.py"].partition("\n\nINSTALLED_APPS")
    scopes = re.findall(r'"scopes_supported": \[(.+?)\]', other.text)[0].split(", ")
    described = ", ".join(f'{scope}: "Use {scope[1:-1]}"' for scope in scopes)
    members = rest[rest.index("OAUTH2_PROVIDER = ") :]
    members = re.sub(r"scopes=\{.+?\}", f"scopes={{{described}}}", members)
    path = next(line for line in PRESET.files["urls.py"].splitlines() if "oauth/mcp/" in line)
    verify = "verify=oauth_toolkit.verify_token"
    toolkit = "from mcp_oauth_discovery.contrib import oauth_toolkit\n"
    text = other.text.replace("# settings.py\n", f"{imported}\n")
    text = text.replace("INSTALLED_APPS += [", 'INSTALLED_APPS += ["oauth2_provider", ')
    text = re.sub(r"^MCP_RESOURCES = .+\n", lambda line: line[0] + members, text, flags=re.M)
    text = text.replace("urlpatterns = [", f"urlpatterns = [\n{path}\n")
    text = re.sub(r'(BearerProtection\("/mcp", )', rf"\1{verify}, ", text)
    text = re.sub(
        r"^from mcp_oauth_discovery\.protection", rf"{toolkit}\g<0>", text, count=1, flags=re.M
    )
    return Page(name, text)


def test_section_about_another_page_names_the_added_lines():
    names = ("the import", '"oauth2_provider"', "OAUTH2_PROVIDER")
    names += ("MCP_AUTHORIZATION_SERVER_METADATA", "oauth/mcp/", "oauth_toolkit.verify_token")
    assert [name for name in names if name not in ADDITIONS] == []


@pytest.mark.clients
@pytest.mark.parametrize("name", ["django-mcpz.md", "django-ninja.md", "rest-framework.md"])
def test_client_signs_in_where_the_preset_is_added_to_another_page(name, tmp_path):
    project = make(with_preset(name), tmp_path, Path(sys.executable), {})
    assert project.checks() == []
    asked = {"scope": "mcp", "resource": f"{ORIGIN}/mcp"}
    token = project.walk({"allow": "true"}, {"right": asked})["right"]["access_token"]
    with served(project) as site:
        assert site.call("tools/list", token).status == 200
