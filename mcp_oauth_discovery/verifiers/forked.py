"""What a forked process must forget: the connections, threads and locks of its parent."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakSet

from mcp_oauth_discovery.keys.cache import reset_after_fork


class Resettable(Protocol):
    """Has something that a forked process cannot use."""

    def reset(self) -> None:
        """Forget it."""


# Weak, because a hook stays for ever.
_registered: WeakSet[Resettable] = WeakSet()


def reset_when_forked(resettable: Resettable) -> None:
    """Reset an object in each process that is forked from now on."""
    _registered.add(resettable)


def reset_all() -> None:
    """Reset all registered objects that are still in use."""
    for resettable in list(_registered):
        resettable.reset()


reset_after_fork(reset_all)
