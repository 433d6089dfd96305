"""Judges whether the memory of a process grows, by samples at equal distances."""

from __future__ import annotations

from collections.abc import Sequence

# How much more memory is noise: what an allocator takes from the system in one piece.
MOST_GROWTH = 1.0
# Two quarters need some samples each.
FEWEST_SAMPLES = 12


def growth(samples: Sequence[float]) -> float:
    """Return by how many MiB the memory grew in the last half of a run.

    Compare the least of the third quarter with the least of the last quarter. A request that needs
    much memory raises a few samples, but a leak raises all of them.
    """
    if len(samples) < FEWEST_SAMPLES:
        raise ValueError(f"{len(samples)} samples; expected at least {FEWEST_SAMPLES}.")
    quarter = len(samples) // 4
    return min(samples[-quarter:]) - min(samples[-2 * quarter : -quarter])


def is_flat(samples: Sequence[float]) -> bool:
    """Return whether the memory did not grow in the last half of a run."""
    return growth(samples) < MOST_GROWTH
