"""Clients that send the same code or refresh token several times at once, as official ones do."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.example.rush import CONNECTIONS, ROUNDS
from tests.example.walk import ORIGIN
from tests.markdown import CHECKOUT

LOSERS = CONNECTIONS - 1


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    foreign = ("DJANGO_SETTINGS_MODULE", "MCP_", "ALLOWED_", "HTTPS")
    inherited = {name: one for name, one in os.environ.items() if not name.startswith(foreign)}
    told = {
        "DATABASE": str(tmp_path_factory.mktemp("rush") / "db.sqlite3"),
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "MCP_ISSUER": ORIGIN,
        "SECRET_KEY": "of a site that lives for one test",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.example.rush"],
        cwd=CHECKOUT,
        env={**inherited, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("sent", ["refresh", "code"])
def test_one_of_several_at_once_gets_tokens_and_the_others_an_error(rounds, sent):
    statuses = [one[sent]["statuses"] for one in rounds]
    assert statuses == [[200] + LOSERS * [400]] * ROUNDS
    assert [one[sent]["errors"] for one in rounds] == [LOSERS * ["invalid_grant"]] * ROUNDS


@pytest.mark.parametrize("sent", ["refresh", "code"])
def test_tokens_of_the_first_still_work_after_the_others(rounds, sent):
    assert [one[sent]["calls"] for one in rounds] == [[200]] * ROUNDS
    assert [one[sent]["refreshes"] for one in rounds] == [[200]] * ROUNDS
