"""A client in a process of its own, whose lines are read as they come."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import pytest

# Seconds. What says nothing for so long has got stuck, even on a machine that has much else to do.
PATIENCE = 180


class Stream:
    """What a program writes, line by line."""

    def __init__(self, stream: IO[str]) -> None:
        self.lines: list[str] = []
        self._stream = stream
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def __iter__(self) -> Iterator[str]:
        while (line := self._next()) is not None:
            yield line

    def find(self, pattern: str | re.Pattern[str]) -> str:
        """Return what matches in the first line to come that has it."""
        for line in self:
            if found := re.search(pattern, line):
                return found[0]
        pytest.fail(f"The client has ended without a line with {pattern}.")

    def _next(self) -> str | None:
        try:
            return self._queue.get(timeout=PATIENCE)
        except queue.Empty:
            pytest.fail(f"The client has said nothing for {PATIENCE} seconds.")

    def _read(self) -> None:
        for line in self._stream:
            self.lines.append(line)
            self._queue.put(line)
        self._queue.put(None)

    def close(self) -> None:
        self._thread.join()
        self._stream.close()


class Program:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out = Stream(process.stdout)
        self.err = Stream(process.stderr)

    def say(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


@contextmanager
def running(command: list[str], **options: Any) -> Iterator[Program]:
    """Run a program and end it; what it has said is shown if the test fails."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    options = {"text": True, "start_new_session": True, **pipes, **options}
    program = Program(subprocess.Popen(command, **options))
    try:
        yield program
    finally:
        # With what it has started itself: that would keep the pipes open.
        with suppress(ProcessLookupError):
            os.killpg(program.process.pid, signal.SIGKILL)
        program.process.wait()
        for stream in (program.out, program.err):
            stream.close()
        program.process.stdin.close()
        said = ["The client said:\n", *program.out.lines, *program.err.lines]
        sys.stdout.write("".join(said))
