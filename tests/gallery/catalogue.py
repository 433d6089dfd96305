"""All exhibits; each module puts its own on show when it is imported."""

from __future__ import annotations

from importlib import import_module

ROOMS = (
    "hand_answers",
    "hand_documents",
    "hand_endpoint",
    "hand_tokens",
    "hand_server",
    "hand_keys",
    "hand_around",
    "hand_pages",
    "single_page",
    "sdk",
    "plain_django",
    "toolkit",
    "behind_nginx",
    "healthy",
)


def load() -> None:
    """Import every room."""
    for name in ROOMS:
        import_module(f"tests.gallery.{name}")
