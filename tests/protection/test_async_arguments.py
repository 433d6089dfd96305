"""An async `public`, `scope` or `user` admits no request: a coroutine counts as a yes."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.protection import BearerProtection
from tests.protection.conftest import call
from tests.protection.test_scopes import ask

__all__ = ["ask"]


async def no(*args):
    return None


class Awaited:
    async def __call__(self, *args):
        return None


@pytest.mark.parametrize("name", ["public", "scope", "user"])
@pytest.mark.parametrize("value", [no, Awaited()])
def test_async_argument_is_refused_when_the_project_is_loaded(name, value):
    with pytest.raises(TypeError, match=f"^{name} is .* without async"):
        BearerProtection(**{name: value})


@pytest.mark.parametrize("name", ["public", "scope", "user"])
@pytest.mark.parametrize("value", [lambda *args: no(), lambda *args: Future()])
def test_argument_that_returns_an_awaitable_admits_no_request(ask, caplog, name, value):
    assert ask(call("read"), "mcp", **{name: value}).status_code == 500
    assert f"{name} returned" in caplog.text


class Future:
    def __await__(self):
        yield


def test_methods_are_kept_if_the_argument_can_be_read_once_only():
    assert BearerProtection(public=iter(["ping"])).public == {"ping"}
