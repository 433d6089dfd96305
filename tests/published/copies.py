"""A clock that stands still, what a copy of the keys holds, and a database that is silent."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from tests.keys import NOW, on_every_connection, statements


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


def kids(keys, now=NOW):
    return [key.kid for key in keys.at(now)]


@contextmanager
def readings():
    """Return a function that returns the statements by which the keys were read in the block."""
    with statements() as seen:
        yield lambda: [sql for sql in seen if "signingkey" in sql and sql.startswith("SELECT")]


def reading_threads():
    """Return the threads that read keys beside this one."""
    return [thread for thread in threading.enumerate() if thread.name == "mcp-keys"]


class Silence:
    """A database that answers no other thread than this one until `answer` is set."""

    def __init__(self):
        self.answer, self.asked, self.is_awake = threading.Event(), 0, False
        self.thread = threading.get_ident()

    def hang(self, execute, sql, params, many, context):
        if threading.get_ident() != self.thread and not self.is_awake:
            self.asked += 1
            assert self.answer.wait(60)
        return execute(sql, params, many, context)

    @contextmanager
    def awake(self):
        """Answer what is asked in the block, and nothing that was asked before."""
        self.is_awake = True
        yield
        self.is_awake = False

    def end(self):
        """Answer all that was asked, and return when the threads that asked have ended."""
        self.answer.set()
        for thread in reading_threads():
            thread.join()


@contextmanager
def silence():
    silent = Silence()
    with on_every_connection(silent.hang):
        try:
            yield silent
        finally:
            silent.end()
