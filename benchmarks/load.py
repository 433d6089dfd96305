"""Sends requests with wrk, which is written in C and needs far less time than any server here."""

from __future__ import annotations

import re
import signal
import subprocess
import time

from benchmarks.servers import LOAD_CORE, Server, pinned, program
from benchmarks.site.recorded import HOST

WRK_IS_MISSING = (
    "wrk is missing. Install it from the packages of your system (Debian, Ubuntu: apt install wrk)."
)
OPTIONS = ["-c8", "-t1", "-d60s", "-H", f"Host: {HOST}"]


def rate(server: Server, path: str, seconds: float) -> float:
    """Return how many requests the server answers in a second of processor time.

    That is its rate if it has a core for itself, whatever else the machine does. The sample takes
    `seconds` of this time.
    """
    url = f"http://127.0.0.1:{server.port}{path}"
    before = server.processor_time()
    with subprocess.Popen(wrk_command(url), stdout=subprocess.PIPE, text=True) as wrk:
        while (spent := server.processor_time() - before) < seconds and wrk.poll() is None:
            time.sleep(0.01)
        # At this signal, wrk stops and reports.
        wrk.send_signal(signal.SIGINT)
        output, _ = wrk.communicate()
    return count_requests(url, output) / spent


def wrk_command(url: str) -> list[str]:
    wrk = program("wrk")
    if wrk is None:
        raise SystemExit(WRK_IS_MISSING)
    return pinned(LOAD_CORE, [wrk, *OPTIONS, url])


def count_requests(url: str, output: str) -> int:
    requests = re.search(r"(\d+) requests in", output)
    if requests is None or requests[1] == "0" or re.search("Non-2xx|Socket errors", output):
        raise SystemExit(f"{url} failed under load:\n{output}")
    return int(requests[1])
