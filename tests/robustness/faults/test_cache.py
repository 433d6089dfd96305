"""Django's cache is full, or cannot be written: this app keeps nothing in it."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from tests import ASM, JWKS, PRM
from tests.example.walk import MCP

pytestmark = pytest.mark.django_db

# A path below a device, which no file can have.
UNWRITABLE = "/dev/full/cache"
BACKENDS = "django.core.cache.backends"


@pytest.fixture
def full(example):
    """Let the cache have one entry, and let the site keep whole pages in it."""
    options = {"MAX_ENTRIES": 1, "CULL_FREQUENCY": 1}
    example.CACHES = {"default": {"BACKEND": f"{BACKENDS}.locmem.LocMemCache", "OPTIONS": options}}
    first, *others = example.MIDDLEWARE
    example.MIDDLEWARE = [
        first,
        "django.middleware.cache.UpdateCacheMiddleware",
        *others,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    cache.set("other-app", "kept")


@pytest.fixture
def unwritable(example):
    backend = f"{BACKENDS}.filebased.FileBasedCache"
    example.CACHES = {"default": {"BACKEND": backend, "LOCATION": UNWRITABLE}}
    with pytest.raises(OSError, match="Not a directory"):
        cache.set("other-app", "lost")


@pytest.mark.parametrize("fault", ["full", "unwritable"])
def test_everything_is_answered(request, fault, walk, caplog):
    request.getfixturevalue(fault)
    documents = {walk.http.get(path).status_code for path in (f"{PRM}/mcp", ASM, JWKS)}
    assert documents == {200}
    assert walk.send(None).status_code == 401
    tokens = walk.sign_in(MCP)
    assert walk.send(tokens["access_token"]).status_code == 200
    assert walk.send(tokens["access_token"][:-9] + "forged-it").status_code == 401
    assert walk.refresh(tokens["refresh_token"]).status_code == 200
    assert [record for record in caplog.records if hasattr(record, "event")] == []


def test_nothing_of_this_app_is_in_the_cache(full, walk):
    walk.send(walk.sign_in(MCP)["access_token"])
    walk.http.get(JWKS)
    assert cache.get("other-app") == "kept"
