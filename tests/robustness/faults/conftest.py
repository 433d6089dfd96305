"""The example in this process, with a client that signs in, as in `tests/example`."""

from __future__ import annotations

from tests.example.conftest import browser, example, tokens, user, walk

__all__ = ["browser", "example", "tokens", "user", "walk"]
