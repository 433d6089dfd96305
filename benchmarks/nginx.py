"""nginx with the files and the configuration that `mcp_discovery export` writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import environment
from benchmarks.servers import CHECKOUT, program

CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid {home}/nginx.pid;
events {{}}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{port};
        include {export}/*.conf;
    }}
}}
"""


def nginx_command(directory: Path, port: int) -> list[str]:
    """Export the documents, and return the command of an nginx with one worker for them.

    Raises `LookupError` if that cannot be done.
    """
    nginx = program("nginx")
    if nginx is None:
        raise LookupError("nginx is not installed.")
    home, export = directory / f"nginx-{port}", directory / f"export-{port}"
    home.mkdir()
    run_export(directory, export)
    user = "user root;" if os.geteuid() == 0 else ""
    text = CONFIGURATION.format(user=user, home=home, port=port, export=export)
    (home / "nginx.conf").write_text(text)
    return [nginx, "-p", str(home), "-c", str(home / "nginx.conf"), "-e", "stderr"]


def run_export(directory: Path, export: Path) -> None:
    command = [sys.executable, "-m", "django", "mcp_discovery", "export", str(export)]
    answer = subprocess.run(
        [*command, "--format", "nginx"],
        cwd=CHECKOUT,
        env={**os.environ, **environment(directory, "middleware")},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise LookupError(answer.stderr.strip().splitlines()[-1])
