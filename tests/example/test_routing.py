"""The example where a router sends its tables to another database than the default one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.example.walk import ORIGIN
from tests.markdown import CHECKOUT


def test_tokens_are_issued_where_the_router_says(tmp_path):
    foreign = ("DJANGO_SETTINGS_MODULE", "MCP_", "ALLOWED_", "HTTPS")
    inherited = {name: one for name, one in os.environ.items() if not name.startswith(foreign)}
    given = {
        "DATABASE": str(tmp_path / "accounts.sqlite3"),
        # Whatever asks the default database fails.
        "DEFAULT_DATABASE": "{}",
        "DJANGO_SETTINGS_MODULE": "tests.example.routed",
        "MCP_ISSUER": ORIGIN,
        "SECRET_KEY": "of a site that lives for one test",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.example.routing"],
        cwd=CHECKOUT,
        env={**inherited, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["statuses"] == [200, 200, 200, 200]
    # The rows of a code or refresh token are locked there, and nowhere else.
    assert printed["transactions"] == [["accounts"], ["accounts"]]
