"""Tests of `docs/comparison.md`: what the compared packages answer, at the versions of the page."""
