"""What mypy has to find in a project that uses this package.

`tox -e types` checks it with our settings, `tests/test_typed_project.py` with those of a user.
"""
