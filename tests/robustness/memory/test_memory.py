"""The rule that judges the memory of a server, and a short run with both servers."""

from __future__ import annotations

import sys
from itertools import islice

import pytest

from tests.robustness.memory.command import SERVERS, measure
from tests.robustness.memory.judging import FEWEST_SAMPLES, growth, is_flat
from tests.robustness.memory.requests import KINDS, requests

WARM_UP = [40.0, 50.0, 55.0, 58.0, 59.0, 59.5, 59.8, 60.0, 60.0, 60.0]
FLAT = [60.0] * 10

TOKEN = "e30.e30.AA"


@pytest.mark.parametrize(
    "samples",
    [
        WARM_UP + FLAT,
        # A request that needs much memory, at the end too.
        [*WARM_UP, *FLAT[:-1], 75.0],
        # Memory that the allocator gives back now and then.
        [*WARM_UP, *[60.0, 63.0] * 5],
        # Less than the allocator takes in one piece.
        [60 + 0.05 * number for number in range(20)],
        [60 - 0.5 * number for number in range(20)],
    ],
    ids=["flat", "peak", "waves", "noise", "falling"],
)
def test_memory_is_flat(samples):
    assert is_flat(samples)


@pytest.mark.parametrize(
    "samples",
    [
        [60 + 0.3 * number for number in range(20)],
        # A leak below the waves of the allocator.
        [60 + 0.3 * number + 3 * (number % 2) for number in range(20)],
        [*WARM_UP, *FLAT[:5], *[62.0] * 5],
    ],
    ids=["steady", "waves", "step"],
)
def test_memory_grows(samples):
    assert not is_flat(samples)


def test_a_leak_of_five_octets_per_request_shows_in_a_million_requests():
    assert growth([60 + 5 * number * 25_000 / 2**20 for number in range(40)]) > 1


def test_few_samples_say_nothing():
    with pytest.raises(ValueError, match="expected at least"):
        growth([60.0] * (FEWEST_SAMPLES - 1))


def test_no_two_requests_are_the_same():
    series = [octets for octets, _ in islice(requests(iter(range(600)), "h", [TOKEN]), 600)]
    plain = [octets for octets in series if b"GET" in octets and b"Origin" not in octets]
    assert len(set(series)) == len(series)
    assert plain


def test_requests_have_every_kind_of_answer():
    statuses = {status for _, status in requests(iter(range(10 * KINDS)), "h", [TOKEN])}
    assert statuses == {200, 400, 401, 404}


@pytest.mark.clients
@pytest.mark.parametrize("server", SERVERS)
def test_memory_is_flat_over_20000_requests(server):
    outcome = measure(server, 20_000, sys.stdout.write)
    assert outcome.wrong == []
    assert is_flat(outcome.samples)
