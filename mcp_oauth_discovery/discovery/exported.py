"""The documents as files for a web server: their names, and the list of what was exported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote_to_bytes

from django.utils.translation import gettext as _

# The list of the exported files, which says what a later export may replace and remove.
MANIFEST = "mcp-discovery.json"
# Files with these prefixes belong to the export itself.
_OWN_NAMES = ("mcp-discovery.", ".mcp-discovery-")
_MADE_BY = "manage.py mcp_discovery export"
# The name of a document's file inside the directory that has the document's path.
INDEX = "index.json"
# ES256 makes a different signature each time.
_SIGNATURE = re.compile(rb'("signed_metadata": "[\w-]+\.[\w-]+)\.[\w-]+"')
# In octets. No common file system has longer names.
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Document:
    """A document: the path of its URL as clients write it, and the answer to a GET."""

    path: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def decoded_path(self) -> str:
        """The path as web servers compare it; raises `ValueError` if they cannot serve it."""
        return _decoded(self.path)


@dataclass(frozen=True)
class Export:
    """All documents, and the answers to OPTIONS and to methods that are not allowed."""

    documents: tuple[Document, ...]
    preflight: Mapping[str, str]
    refusal: Mapping[str, str]
    refusal_body: str

    def names(self) -> dict[str, str]:
        """Return the name of each document's file, by the path of the document.

        The name is the decoded path. If another document is below this path, the file is in a
        directory of this name. Raises `ValueError` for a path that cannot be a file.
        """
        paths = {document.path: document.decoded_path[1:] for document in self.documents}
        directories = directories_of(paths.values())
        names = {
            path: f"{name}/{INDEX}" if name in directories else name for path, name in paths.items()
        }
        directories = directories_of(names.values())
        taken: set[str] = set()
        for path, name in names.items():
            if name.startswith(_OWN_NAMES):
                problem = _("%(path)s is where the export has its own files.")
                raise ValueError(_with_advice(problem, path=path))
            if name in taken or name in directories:
                problem = _("%(path)s and another document need the same file, %(name)s.")
                raise ValueError(_with_advice(problem, path=path, name=name))
            taken.add(name)
        return names

    def files(self, kind: str, others: Mapping[str, str]) -> dict[str, bytes]:
        """Return the content of every file by name; `others` are not documents.

        `kind` is the format, which the list of the files also contains.
        """
        names = self.names()
        files = {names[document.path]: document.body for document in self.documents}
        files |= {name: text.encode() for name, text in others.items()}
        manifest = {
            "made_by": _MADE_BY,
            "format": kind,
            "documents": [
                {
                    "path": document.path,
                    "file": names[document.path],
                    "headers": dict(document.headers),
                }
                for document in self.documents
            ],
            "options": {"status": 204, "headers": dict(self.preflight)},
            "files": sorted(files),
        }
        return {**files, MANIFEST: _as_json(manifest)}


def is_same(content: bytes, other: bytes) -> bool:
    """Return whether two contents are equal, apart from their signatures."""
    return content == other or _SIGNATURE.sub(rb"\1", content) == _SIGNATURE.sub(rb"\1", other)


def read_manifest(content: bytes) -> dict[str, Any] | None:
    """Return the list that an export has written, or None if this is another file."""
    try:
        manifest = json.loads(content)
    except ValueError:
        return None
    if not isinstance(manifest, dict) or manifest.get("made_by") != _MADE_BY:
        return None
    is_whole = isinstance(manifest.get("format"), str) and _are_names(manifest.get("files"))
    return manifest if is_whole else None


def with_files(manifest: bytes, names: Iterable[str]) -> bytes:
    """Return the list of an export with more names of files."""
    members = json.loads(manifest)
    return _as_json({**members, "files": sorted({*members["files"], *names})})


def _as_json(members: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(members, indent=2, ensure_ascii=False)}\n".encode()


def _are_names(value: object) -> bool:
    """Return whether a value is a list of names that stay below the directory."""
    return isinstance(value, list) and all(
        isinstance(name, str) and not {"", ".", ".."} & {*name.split("/")} and "\0" not in name
        for name in value
    )


def directories_of(names: Iterable[str]) -> set[str]:
    """Return the names of all directories that files are in, directly or not."""
    return {str(parent) for name in names for parent in PurePosixPath(name).parents}


def _decoded(path: str) -> str:
    decoded = unquote_to_bytes(path).decode()
    segments = decoded[1:].split("/")
    if {"", ".", ".."} & {*segments}:
        problem = _(
            "%(path)s has an empty segment, '.' or '..' after percent-decoding. Web servers "
            "resolve these."
        )
        raise ValueError(_with_advice(problem, path=path))
    if not decoded.isprintable() or {"\\", "?"} & {*decoded}:
        problem = _(
            "%(path)s has a control character, a backslash or a question mark after "
            "percent-decoding."
        )
        raise ValueError(_with_advice(problem, path=path))
    if any(len(segment.encode()) > _LONGEST_NAME for segment in segments):
        problem = _("%(path)s has a segment of more than %(number)d octets.")
        raise ValueError(_with_advice(problem, path=path, number=_LONGEST_NAME))
    return decoded


def _with_advice(problem: str, **values: object) -> str:
    advice = _("Give the resource another path.")
    return f"{problem % values} {advice}"
