"""A port for a server that has no other way to get one."""

from __future__ import annotations

import socket

import pytest

from tests.proxies import LOOPBACK


@pytest.fixture
def unused_port():
    with socket.create_server((LOOPBACK, 0)) as probe:
        return probe.getsockname()[1]
