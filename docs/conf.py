"""Build the documentation from its pages: `tox -e docs`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from posixpath import normpath, relpath

import django
from django.conf import settings
from docutils import nodes
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

import mcp_oauth_discovery  # noqa: E402

# What the modules of the API page need when they are imported.
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "oauth2_provider",
        "mcp_oauth_discovery",
    ],
    SECRET_KEY="documentation",  # noqa: S106
)
django.setup()

project = html_title = "django-mcp-oauth-discovery"
author = project_copyright = f"the authors of {project}"
version = release = mcp_oauth_discovery.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]
nitpicky = True
# Quotes are part of code that people copy, in tables too.
smartquotes = False
# Docstrings have code between single backticks.
default_role = "code"

autodoc_default_options = {"members": True, "imported-members": True}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
# Methods of Django and of the toolkit have no entry where a class overrides them without more.
autodoc_inherit_docstrings = False
autodoc_type_aliases = {
    name: name for name in ("Claims", "Named", "Public", "Scope", "ScopeOf", "Verifier", "Watch")
}
python_use_unqualified_type_names = True
maximum_signature_line_length = 110
# Types that have no entry on the API page: those of Python and Django, and internal ones.
nitpick_ignore_regex = [("py:class", ".*")]

# The anchors of headings are those of GitHub.
myst_heading_anchors = 4
# Prompts are not part of a command.
copybutton_prompt_text = "$ "

html_theme = "furo"
html_baseurl = os.environ.get(
    "READTHEDOCS_CANONICAL_URL", "https://mcp-oauth-discovery.readthedocs.io/en/latest/"
)
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
# The search finds every name. No page leads to an index.
html_use_index = html_domain_indices = False
html_show_sphinx = False

# Of the pages outside of `docs/`, where the site has them.
PAGE_OF_FILE = {
    "../CHANGELOG.md": "changelog.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../README.md": "index.md",
    "../example_project/README.md": "example.md",
}
LINK = re.compile(r"\[(?P<text>[^][]*)\]\((?!https?:)(?P<file>[^)\s#]+\.md)(?P<anchor>#[^)\s]*)?\)")
NAMED = re.compile(r"<function (\w+)(?: at \w+)?>|TypeAliasForwardRef\('(\w+)'\)")


def with_links_of_the_site(text: str, folder: str, page: str) -> str:
    """Return the text of a file in `folder` as it is on `page`: its links lead to pages.

    A link with the name of a file as its text gets the title of that page.
    """

    def link(match: re.Match[str]) -> str:
        target = normpath(f"{folder}/{match['file']}")
        # The README is not a page of the site, and so its headings are not either.
        anchor = "" if target == "../README.md" else match["anchor"] or ""
        place = PAGE_OF_FILE.get(target, target)
        shown = title(target) if match["text"].endswith(".md") else match["text"]
        return f"[{shown}]({relpath(place, str(Path(page).parent))}{anchor})"

    return LINK.sub(link, text)


def title(target: str) -> str:
    return (DOCS / target).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def read_page(app: Sphinx, page: str, content: list[str]) -> None:
    content[0] = with_links_of_the_site(content[0], str(Path(page).parent), page)


def read_included(app: Sphinx, path: Path, page: str, content: list[str]) -> None:
    folder = relpath(str((DOCS / path).parent), str(DOCS))
    content[0] = with_links_of_the_site(content[0], folder, page)


def shorten_signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: object,
    options: object,
    signature: str | None,
    returned: str | None,
) -> tuple[str, str | None] | None:
    """Show functions and aliases of types by their names alone."""
    if signature is None:
        return None
    shown = NAMED.sub(r"\1\2", signature).replace("<factory>", "{}")
    return shown, NAMED.sub(r"\1\2", returned) if returned else returned


def leave_out_python(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Remove the docstring of a type of Python from a value that has no text of its own."""
    is_ours = type(obj).__module__.startswith("mcp_oauth_discovery")
    # The type of the fields of a NamedTuple has a descriptor in place of a text.
    text = type(obj).__doc__
    first = text.strip().partition("\n")[0] if isinstance(text, str) else ""
    if what == "data" and not is_ours and lines[:1] == [first]:
        lines.clear()


def mark_options(app: Sphinx, page: nodes.document) -> None:
    for code in page.findall(nodes.literal):
        if code.astext().startswith("--"):
            code["classes"].append("option")


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", mark_options)
    app.connect("autodoc-process-docstring", leave_out_python)
    app.connect("autodoc-process-signature", shorten_signature)
    app.connect("source-read", read_page)
    app.connect("include-read", read_included)
