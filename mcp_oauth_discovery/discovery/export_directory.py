"""The directory of an export: reads it, compares it with the documents, and writes it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from django.utils.translation import gettext as _

from mcp_oauth_discovery.discovery.exported import (
    MANIFEST,
    directories_of,
    is_same,
    read_manifest,
    with_files,
)


class Obstacle(Exception):
    """Something in the directory that no export may replace."""


@dataclass(frozen=True)
class Changes:
    """The names of the files that an export adds, changes and removes."""

    added: list[str]
    changed: list[str]
    removed: list[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def __str__(self) -> str:
        text = _("%(added)d added, %(changed)d changed, %(removed)d removed")
        return text % {name: len(names) for name, names in vars(self).items()}


class ExportDirectory:
    """The directory of an export, which may have other files too."""

    def __init__(self, path: Path) -> None:
        """Read the list of the last export; raises `Obstacle` and `OSError`."""
        self.path = path
        if path.exists() and not path.is_dir():
            raise Obstacle(_("%(path)s is not a directory.") % {"path": path})
        content = self._content(MANIFEST)
        manifest = {} if content is None else read_manifest(content)
        if manifest is None:
            raise _not_ours(path / MANIFEST)
        self.kind: str | None = manifest.get("format")
        self._former: set[str] = {*manifest.get("files", ())}

    def compare(self, files: Mapping[str, bytes]) -> Changes:
        """Return what an export of files would change; raises `Obstacle` and `OSError`."""
        removed = {name for name in self._former - {*files} if self._content(name) is not None}
        added, changed = [], []
        for name, content in sorted(files.items()):
            self._check_place(name, removed)
            present = self._content(name)
            if present is None:
                added.append(name)
            elif not is_same(present, content):
                if name not in {*self._former, MANIFEST}:
                    raise _not_ours(self.path / name)
                changed.append(name)
        return Changes(added, changed, sorted(removed))

    def write(self, files: Mapping[str, bytes], changes: Changes) -> None:
        """Make the changes, each file in one step; raises `OSError`."""
        if not changes:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".mcp-discovery-", dir=self.path) as aside:
            staged = {
                name: self._stage(name, files[name], Path(aside, str(number)))
                for number, name in enumerate(
                    sorted({*changes.added, *changes.changed} - {MANIFEST})
                )
            }
            manifest = self._stage(MANIFEST, files[MANIFEST], Path(aside, "after"))
            # If this process ends half-way, the next export must know all of these files.
            draft = Path(aside, "before")
            draft.write_bytes(with_files(files[MANIFEST], changes.removed))
            draft.replace(self.path / MANIFEST)
            self._replace(staged, changes.removed)
            manifest.replace(self.path / MANIFEST)

    def _stage(self, name: str, content: bytes, file: Path) -> Path:
        """Write a new file aside, with a later time than the file that it will replace.

        The ETag of a web server has the time in seconds, and the size.
        """
        file.write_bytes(content)
        former = self.path / name
        if former.is_file():
            time = max(file.stat().st_mtime, int(former.stat().st_mtime) + 1)
            os.utime(file, (time, time))
        return file

    def _replace(self, staged: Mapping[str, Path], removed: Iterable[str]) -> None:
        """Move new files to their places, and remove former ones."""
        # A directory may replace a file, and a file a directory.
        first = _blocking(removed, staged)
        self._remove(first)
        for name, file in staged.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            file.replace(self.path / name)
        self._remove(name for name in removed if name not in first)

    def _remove(self, names: Iterable[str]) -> None:
        """Remove files, and the directories that are then empty."""
        for name in names:
            (self.path / name).unlink()
            for parent in [*PurePosixPath(name).parents][:-1]:
                if any((self.path / parent).iterdir()):
                    break
                (self.path / parent).rmdir()

    def _content(self, name: str) -> bytes | None:
        """Return the content of a file, or None if there is none; raises `Obstacle`."""
        file = self.path / name
        for place in (file, *list(file.parents)[: name.count("/")]):
            if place.is_symlink():
                text = _("%(path)s is a symbolic link. Move it away.")
                raise Obstacle(text % {"path": place})
        return file.read_bytes() if file.is_file() else None

    def _check_place(self, name: str, removed: set[str]) -> None:
        """Raise `Obstacle` if something that stays is where a file or its directory must be."""
        for parent in [*PurePosixPath(name).parents][:-1]:
            if (self.path / parent).is_file() and str(parent) not in removed:
                raise _not_ours(self.path / parent)
        if (self.path / name).is_dir():
            for other in (self.path / name).rglob("*"):
                own = other.relative_to(self.path).as_posix()
                if not other.is_dir() and own not in removed:
                    raise _not_ours(other)


def _blocking(removed: Iterable[str], added: Iterable[str]) -> list[str]:
    """Return the names that are a directory of an added file, or are in a directory of its name."""
    names = {*added}
    directories = directories_of(names)
    return [
        name
        for name in removed
        if name in directories or not names.isdisjoint(map(str, PurePosixPath(name).parents))
    ]


def _not_ours(path: Path) -> Obstacle:
    text = _("%(path)s is not from an export. Move it away, or choose another directory.")
    return Obstacle(text % {"path": path})
