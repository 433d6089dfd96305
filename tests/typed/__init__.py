"""What mypy has to find in a project that uses this package. `tox -e types` checks it."""
