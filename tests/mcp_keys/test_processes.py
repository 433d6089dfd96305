"""The command as operators and cron run it, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests.clients.deployments import CHECKOUT, environment

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def manage(tmp_path_factory):
    """Return a function that runs manage.py of the example with a database of its own."""
    home = tmp_path_factory.mktemp("site")
    (home / "misconfigured.py").write_text(
        "from example_project.settings import *\nMCP_SIGNING_ALGORITHMS = ['HS256']\n"
    )
    given = {"DATABASE": str(home / "db.sqlite3"), "PYTHONPATH": str(home)}

    def run(*arguments, into=subprocess.PIPE, **more):
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=environment({**given, **more}),
            stdout=into,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    # Before there are tables.
    run.first = run("mcp_keys", "rotate")
    run("migrate", "mcp_oauth_discovery", "--verbosity", "0")
    run("mcp_keys", "rotate")
    return run


def told(done):
    return done.returncode, done.stdout, done.stderr


def test_process_without_tables_fails_in_one_line(manage):
    code, stdout, stderr = told(manage.first)
    assert (code, stdout) == (1, "")
    assert re.fullmatch(r"CommandError: The key store cannot be used: no such table.*\n", stderr)


def test_process_of_cron_is_silent_when_nothing_is_due(manage):
    assert told(manage("mcp_keys", "rotate", "--if-due")) == (0, "", "")


def test_process_prints_one_json_document(manage):
    done = manage("mcp_keys", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)["keys"]) == 2


def test_process_whose_reader_has_seen_enough_ends_in_silence(manage):
    reader, writer = os.pipe()
    os.close(reader)
    done = manage("mcp_keys", "list", into=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "stderr"),
    [
        (["revoke", "--", "-none"], r"CommandError: There is no key '-none'\. .*\n"),
        (["import", "tests"], r"CommandError: tests cannot be read: Is a directory\.\n"),
    ],
)
def test_process_that_fails_says_so_in_one_line(manage, arguments, stderr):
    done = manage("mcp_keys", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(stderr, done.stderr)


def test_process_with_misconfigured_settings_fails_in_one_line(manage):
    done = manage("mcp_keys", "rotate", DJANGO_SETTINGS_MODULE="misconfigured")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"CommandError: MCP_SIGNING_ALGORITHMS is \['HS256'\]: .*\n", done.stderr)


def test_process_with_arguments_that_make_no_sense_ends_in_one_line(manage):
    done = manage("mcp_keys", "list", "--dry-run")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"CommandError: .*unrecognized arguments: .*\n", done.stderr)
