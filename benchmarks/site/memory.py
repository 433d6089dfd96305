"""The resident memory of a process that answers requests through the server entry.

python -m benchmarks.site.memory ROUNDS REQUESTS
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

from benchmarks.results import Row
from benchmarks.site.recorded import DOCUMENTS
from benchmarks.site.requests import environ, status_of
from benchmarks.site.timing import print_rows


def requests(number: int) -> Iterator[dict[str, Any]]:
    """Yield requests: 7 of 10 for documents, and one each that Django answers.

    These are a protected call, a document that does not exist, and a document for a forged host.
    The path and the host differ each time.
    """
    from benchmarks.site.peers import token_of

    documents = [environ(path) for path in DOCUMENTS.values()]
    call = environ("/mcp", HTTP_AUTHORIZATION=f"Bearer {token_of('RS256')}")
    for index in range(number):
        match index % 10:
            case 7:
                yield {**call}
            case 8:
                yield {**documents[0], "PATH_INFO": f"{DOCUMENTS['PRM']}/{index}"}
            case 9:
                yield {**documents[0], "HTTP_HOST": f"{index}.example.org"}
            case digit:
                yield {**documents[digit % 3]}


def resident() -> float:
    """Return the resident set of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def rows(number: int) -> Iterator[Row]:
    from benchmarks.site.wsgi import application

    moments = {1_000: "after 1,000 requests", number // 10: f"after {number // 10:,}"}
    moments[number] = f"after {number:,}"
    for index, request in enumerate(requests(number), 1):
        status_of(application, request)
        if index in moments:
            yield Row("memory", "resident set", "server entry", moments[index], "MiB", [resident()])


if __name__ == "__main__":
    django.setup()
    # The forged hosts are refused, which is logged.
    logging.disable()
    print_rows(rows(int(sys.argv[2])))
