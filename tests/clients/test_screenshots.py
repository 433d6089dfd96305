"""`docs/screenshots.py` takes every picture that the pages show."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.markdown import CHECKOUT

pytestmark = pytest.mark.clients


@pytest.mark.usefixtures("browser")
def test_script_takes_every_picture(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    script = CHECKOUT / "docs" / "screenshots.py"
    command = [sys.executable, str(script), str(tmp_path), port]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    taken = {picture.name for picture in tmp_path.iterdir()}
    kept = {picture.name for picture in (CHECKOUT / "docs" / "_static").iterdir()}
    assert taken == kept - {"site.css"}
