"""A pinned site whose documents are exported."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.server.conftest import pinned

__all__ = ["pinned"]


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "exported"


@pytest.fixture
def export(directory):
    """Return a function that exports, and returns what is printed."""

    def export(*options, to=directory):
        output = StringIO()
        call_command("mcp_discovery", "export", str(to), *options, stdout=output)
        return output.getvalue()

    return export


@pytest.fixture
def exported(export):
    """Return a function that exports: the documents by the paths of their URLs."""

    def exported(*options):
        report = json.loads(export("--json", *options))
        assert report["ok"] is True
        return {document["path"]: document for document in report["documents"]}

    return exported


@pytest.fixture
def changes(export):
    """Return a function that exports, and returns the names that are added, changed, removed."""

    def changes(*options):
        report = json.loads(export("--json", *options))
        return report["added"], report["changed"], report["removed"]

    return changes


@pytest.fixture
def refusal(export, directory):
    """Return a function that expects a failed export, without changes, and returns its message."""

    def refusal(*options, to=directory):
        before = contents(directory)
        with pytest.raises(CommandError) as caught:
            export(*options, to=to)
        assert contents(directory) == before
        return str(caught.value)

    return refusal


def contents(directory):
    """Return the content of every file by name."""
    files = [file for file in directory.rglob("*") if file.is_file()]
    return {file.relative_to(directory).as_posix(): file.read_bytes() for file in files}
