"""Runs that attack, break and load the example: the source of docs/robustness.md."""
