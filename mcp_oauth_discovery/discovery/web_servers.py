"""The configuration of nginx and Caddy that serves exported documents as the views do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext as _

from mcp_oauth_discovery.discovery.exported import INDEX, Document, Export

_NOTE = "# Written by 'manage.py mcp_discovery export'. A later export replaces this file."
_TYPE = "Content-Type"
# nginx sends every answer of a location as the type of its document. A refusal has another type
# than a server card, so it comes from a location of its own.
_REFUSALS = "@mcp_discovery_405"


def nginx(export: Export, directory: Path) -> str:
    """Return location blocks for a server block of nginx; raises `ValueError` for a '$'."""
    names, lines = export.names(), [_NOTE]
    for document in export.documents:
        lines += ["", *_nginx_locations(export, document, directory / names[document.path])]
    if any(_is_refused_elsewhere(export, document) for document in export.documents):
        lines += [
            "",
            f"location {_REFUSALS} {{",
            "    types { }",
            f"    default_type {_nginx(export.refusal[_TYPE])};",
            *_nginx_refusal(export, "    "),
            "}",
        ]
    return "\n".join([*lines, ""])


def _nginx_locations(export: Export, document: Document, file: Path) -> list[str]:
    path = document.decoded_path
    refusal: Iterable[str] = _nginx_refusal(export, "        ")
    if _is_refused_elsewhere(export, document):
        refusal = [f"        error_page 405 {_REFUSALS};", "        return 405;"]
    return [
        f"location = {_nginx(path)} {{",
        f"    alias {_nginx(str(file))};",
        "    types { }",
        f"    default_type {_nginx(document.headers[_TYPE])};",
        *_nginx_headers(document.headers, "    "),
        "    if ($request_method = OPTIONS) {",
        *_nginx_headers(export.preflight, "        "),
        "        return 204;",
        "    }",
        "    if ($request_method !~ ^(GET|HEAD)$) {",
        *refusal,
        "    }",
        "}",
        # nginx looks for an index if a path ends in a slash.
        f"location = {_nginx(f'{path}/')} {{",
        f"    rewrite ^ {_nginx(path)} last;",
        "}",
    ]


def _is_refused_elsewhere(export: Export, document: Document) -> bool:
    return document.headers[_TYPE] != export.refusal[_TYPE]


def _nginx_refusal(export: Export, indent: str) -> Iterator[str]:
    yield from _nginx_headers(export.refusal, indent, " always")
    yield f"{indent}return 405 {_nginx(export.refusal_body)};"


def _nginx_headers(headers: Mapping[str, str], indent: str, when: str = "") -> Iterator[str]:
    for name, value in headers.items():
        # nginx sends the type itself. With `add_header` it would send it twice.
        if name != _TYPE:
            yield f"{indent}add_header {name} {_nginx(value)}{when};"


def _nginx(text: str) -> str:
    if "$" in text:
        problem = _("%(text)s contains '$', which nginx would expand. Choose another path.")
        raise ValueError(problem % {"text": text})
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def caddy(export: Export, directory: Path) -> str:
    """Return directives for a site block of Caddy; raises `ValueError` for a '{'."""
    if "{" in str(directory):
        problem = _("%(path)s contains '{', which Caddy would expand. Choose another directory.")
        raise ValueError(problem % {"path": directory})
    lines = [
        _NOTE,
        f"@mcp_discovery path_regexp {_caddy_paths(export.documents)}",
        "handle @mcp_discovery {",
        f"\troot * {_caddy(str(directory))}",
    ]
    preflight = [*_caddy_headers(export.preflight), "respond 204"]
    lines += _caddy_handle("options", "method OPTIONS", preflight)
    refusal = [*_caddy_headers(export.refusal), f"respond {_caddy(export.refusal_body)} 405"]
    lines += _caddy_handle("others", "not method GET HEAD", refusal)
    serving = ["file_server {", f"\tindex {INDEX}", "\tdisable_canonical_uris", "}"]
    for number, documents in enumerate(_with_equal_headers(export.documents)):
        inner = [*_caddy_headers(documents[0].headers), "uri strip_suffix /", *serving]
        lines += _caddy_handle(str(number), f"path_regexp {_caddy_paths(documents)}", inner)
    return "\n".join([*lines, "}", ""])


def _caddy_handle(name: str, matcher: str, inner: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a block for the requests that a matcher selects."""
    yield f"\t@mcp_discovery_{name} {matcher}"
    yield f"\thandle @mcp_discovery_{name} {{"
    yield from (f"\t\t{line}" for line in inner)
    yield "\t}"


def _with_equal_headers(documents: Iterable[Document]) -> Iterable[list[Document]]:
    groups: dict[tuple[tuple[str, str], ...], list[Document]] = {}
    for document in documents:
        groups.setdefault(tuple(document.headers.items()), []).append(document)
    return groups.values()


def _caddy_paths(documents: Iterable[Document]) -> str:
    """Return a pattern for the paths, with and without a final slash."""
    paths = "|".join(re.escape(document.decoded_path) for document in documents)
    # Matchers for plain paths ignore case.
    return _caddy(f"^(?:{paths})/?$")


def _caddy_headers(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        yield f"header {name} {_caddy(value)}"


def _caddy(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


class WebServer(NamedTuple):
    """A web server: its configuration, the name of this file, and the line that includes it."""

    configuration: Callable[[Export, Path], str]
    name: str
    include: str


WEB_SERVERS = {
    "nginx": WebServer(nginx, "mcp-discovery.conf", "include {};"),
    "caddy": WebServer(caddy, "mcp-discovery.caddy", "import {}"),
}
