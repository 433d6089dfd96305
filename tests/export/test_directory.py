"""The directory of an export: what may be replaced and removed there, and what may not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.core.management import CommandError

from mcp_oauth_discovery import rotation
from tests import ASM, JWKS, PRM
from tests.export.conftest import contents

pytestmark = pytest.mark.django_db

MANIFEST = "mcp-discovery.json"


def write(directory, name, text="foreign"):
    file = directory / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_file_is_no_directory(pinned, refusal, tmp_path):
    file = write(tmp_path, "file")
    assert refusal(to=file) == f"{file} is not a directory."
    assert f"{file}/below cannot be used: " in refusal(to=file / "below")


def test_place_that_cannot_be_written_is_an_error(pinned, refusal):
    assert "/dev/null/x cannot be used: " in refusal(to=Path("/dev/null/x"))


def test_directory_that_cannot_be_made_is_an_error(pinned, refusal):
    assert "/proc/exported cannot be used: " in refusal(to=Path("/proc/exported"))


def test_foreign_files_stay(pinned, export, directory):
    pinned.MCP_RESOURCES = {"/a/b": {}}
    files = [write(directory, name) for name in ("robots.txt", f"{PRM[1:]}/a/own", "a/b")]
    export()
    pinned.MCP_RESOURCES = {"/c": {}}
    export()
    assert [file.read_text() for file in files] == ["foreign"] * 3
    assert not (directory / PRM[1:] / "a" / "b").exists()


def test_removed_file_takes_its_empty_directories_along(pinned, export, directory):
    pinned.MCP_RESOURCES = {"/a/b/c": {}}
    export()
    pinned.MCP_RESOURCES = {"/d": {}}
    export()
    assert not (directory / PRM[1:] / "a").exists()
    assert (directory / PRM[1:]).is_dir()


@pytest.mark.parametrize(
    "name",
    [
        JWKS[1:],
        ".well-known",
        PRM[1:],
        f"{PRM[1:]}/mcp/x",
        MANIFEST,
        f"{JWKS[1:]}/x",
        f"{ASM}/a/b"[1:],
    ],
)
def test_foreign_file_in_the_way_is_an_error(pinned, refusal, directory, name):
    file = write(directory, name)
    advice = "is not from an export. Move it away, or choose another directory."
    assert refusal() == refusal("--check") == f"{file} {advice}"


def test_foreign_file_with_the_right_content_is_no_obstacle(pinned, export, directory, fetch):
    write(directory, JWKS[1:], fetch(JWKS).text)
    export()
    pinned.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    export()
    assert not (directory / JWKS[1:]).exists()


def test_changed_file_of_an_export_is_written_again(pinned, export, directory, fetch):
    export()
    write(directory, JWKS[1:])
    export()
    assert (directory / JWKS[1:]).read_bytes() == fetch(JWKS).content


@pytest.mark.parametrize("name", [".well-known", JWKS[1:], MANIFEST])
def test_symbolic_link_is_never_followed(pinned, export, refusal, directory, tmp_path, name):
    export()
    (directory / name).rename(tmp_path / "elsewhere")
    (directory / name).symlink_to(tmp_path / "elsewhere")
    rotation.rotate("RS256")
    assert refusal() == f"{directory / name} is a symbolic link. Move it away."


def test_directory_itself_may_be_a_symbolic_link(pinned, export, directory, tmp_path):
    (tmp_path / "real").mkdir()
    directory.symlink_to(tmp_path / "real")
    export()
    assert (tmp_path / "real" / JWKS[1:]).is_file()


@pytest.mark.parametrize(
    "manifest",
    [
        "[]",
        "no JSON",
        '{"made_by": "another program", "format": "files", "files": []}',
        '{"made_by": "manage.py mcp_discovery export", "format": 1, "files": []}',
        '{"made_by": "manage.py mcp_discovery export", "format": "files", "files": [1]}',
        '{"made_by": "manage.py mcp_discovery export", "format": "files", "files": ["../victim"]}',
        '{"made_by": "manage.py mcp_discovery export", "format": "files", "files": ["/victim"]}',
        '{"made_by": "manage.py mcp_discovery export", "format": "files", "files": ["a\\u0000"]}',
    ],
)
def test_list_of_files_that_no_export_has_written(pinned, refusal, directory, tmp_path, manifest):
    victim = write(tmp_path, "victim")
    write(directory, MANIFEST, manifest)
    assert "is not from an export." in refusal()
    assert victim.exists()


def test_resource_below_another_one_moves_it_into_a_directory(pinned, export, directory):
    pinned.MCP_RESOURCES = {"/a": {}}
    export()
    before = (directory / PRM[1:] / "a").read_bytes()
    pinned.MCP_RESOURCES = {"/a": {}, "/a/b": {}}
    export()
    assert (directory / PRM[1:] / "a" / "index.json").read_bytes() == before
    pinned.MCP_RESOURCES = {"/a": {}}
    export()
    assert (directory / PRM[1:] / "a").read_bytes() == before


def test_unchanged_file_keeps_its_time(pinned, export, directory):
    export()
    os.utime(directory / ASM[1:], (1, 1))
    rotation.rotate("RS256")
    export()
    assert (directory / ASM[1:]).stat().st_mtime == 1


def test_changed_file_has_a_later_second(pinned, export, directory):
    rotation.rotate("RS256")
    export()
    times = [int((directory / JWKS[1:]).stat().st_mtime)]
    for _ in range(2):
        rotation.revoke(json.loads((directory / JWKS[1:]).read_text())["keys"][0]["kid"])
        export()
        times.append(int((directory / JWKS[1:]).stat().st_mtime))
    assert times[0] < times[1] < times[2]


def test_export_that_was_cut_is_completed_by_the_next(pinned, export, directory, monkeypatch):
    pinned.MCP_RESOURCES = {"/a": {}}
    export()
    pinned.MCP_RESOURCES = {"/b": {}, "/c": {}}
    replace = Path.replace

    def fail(file, target):
        if target.name == "c":
            raise OSError("No space left on device")
        return replace(file, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(CommandError, match="cannot be used: No space left on device"):
            export()
    assert (directory / PRM[1:] / "b").is_file()
    pinned.MCP_RESOURCES = {"/d": {}}
    export()
    names = {"index.json", "d"}
    assert {file.name for file in (directory / PRM[1:]).iterdir()} == names
    assert not [name for name in contents(directory) if name.startswith(".mcp-discovery-")]
