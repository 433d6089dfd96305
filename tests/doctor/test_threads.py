from __future__ import annotations

import threading

import pytest

from mcp_oauth_discovery.doctor.project.threads import Daemons, call_in_time


def test_call_is_made_in_a_thread_that_nobody_waits_for():
    called = Daemons().submit(threading.current_thread)
    assert called.result(60).daemon


def test_error_of_a_call_is_that_of_its_result():
    with pytest.raises(ZeroDivisionError):
        Daemons().submit(divmod, 1, 0).result(60)


def test_call_that_comes_back_is_waited_for():
    called = []
    call_in_time(lambda: called.append(1), 60)
    assert called == [1]
