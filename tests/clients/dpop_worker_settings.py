"""The example on PostgreSQL with DPoP: used proofs are in a shared cache, or in one per process."""

from __future__ import annotations

import os

from tests.robustness.load.settings import *  # noqa: F403

_SHARED = {
    "BACKEND": "django.core.cache.backends.db.DatabaseCache",
    "LOCATION": "used_proofs",
    "OPTIONS": {"MAX_ENTRIES": 100_000},
}
_OWN = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}

CACHES = {"default": _SHARED if os.environ["USED_PROOFS"] == "shared" else _OWN}
