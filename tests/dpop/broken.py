"""A cache that raises an exception of its own, as those of other packages do."""

from __future__ import annotations

from django.core.cache.backends.base import BaseCache


class Cache(BaseCache):
    def __init__(self, location, params):
        super().__init__(params)

    def add(self, *args, **kwargs):
        raise ConnectionError("Connection refused")
