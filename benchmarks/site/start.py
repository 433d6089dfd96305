"""Starts a site as a server does, up to its first request: apps, URLconf and middleware."""

from __future__ import annotations

from importlib import import_module

from django.urls import get_resolver

if __name__ == "__main__":
    import_module("benchmarks.site.wsgi")
    len(get_resolver().url_patterns)
