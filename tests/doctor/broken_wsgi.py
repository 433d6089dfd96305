"""A module of WSGI_APPLICATION that cannot be imported: a package is not installed."""

from __future__ import annotations

import nowhere_to_be_found  # noqa: F401
