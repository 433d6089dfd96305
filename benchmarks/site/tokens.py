"""`verify_jwt` beside PyJWT, joserfc and FastMCP.

python -m benchmarks.site.tokens ROUNDS
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

import django

from benchmarks.results import Row, interleave
from benchmarks.site.timing import microseconds, print_rows


def rows(rounds: int) -> Iterator[Row]:
    from benchmarks.site.peers import ALGORITHMS, key_set, peers, token_of

    number = len(key_set()) // len(ALGORITHMS)
    keys = f"{number} {'key' if number == 1 else 'keys'} of each algorithm"
    measures = {}
    for algorithm in ALGORITHMS:
        token = token_of(algorithm)
        for name, make in peers().items():
            verify = make(token)
            if not verify(token):
                raise SystemExit(f"{name} refuses a token with {algorithm}.")
            measures[algorithm, name] = partial(microseconds, verify, partial(str, token))
    for (algorithm, name), samples in interleave(measures, rounds).items():
        yield Row("tokens", keys, algorithm, name, "microseconds", samples)


if __name__ == "__main__":
    django.setup()
    print_rows(rows(int(sys.argv[1])))
