"""One of many processes at the same key store: it takes a task a line, and answers with a line.

Each task is done by a new process, forked when the task comes: it says that it is ready, waits for
a line more, which all get at the same instant, and opens a connection of its own.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from datetime import datetime
from io import StringIO

import django
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test import override_settings


def main() -> None:
    django.setup()
    # What is imported and filled at the first use is so in each process from the start.
    call_command("mcp_keys", "list", stdout=StringIO())
    connection.close()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _work(json.loads(line))
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            _say({"was_killed": True})
        elif status:
            sys.exit(1)


def _say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _work(task):
    """Do a task in a process that ends with it; what belongs to the parent is left alone."""
    status = 1
    try:
        _say("ready")
        sys.stdin.readline()
        _say(risk(**task) if "call" in task else run(**task))
        connection.close()
        status = 0
    finally:
        if status:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(status)


def run(arguments, algorithms):
    """Run `mcp_keys`; say what came of it, which races it lost, and which key is last in line."""
    # The models are there only after django.setup().
    from mcp_oauth_discovery.models import SigningKey

    output, error, lost = StringIO(), "", {"UPDATE": 0, "INSERT": 0}
    with override_settings(MCP_SIGNING_ALGORITHMS=algorithms):
        try:
            with connection.execute_wrapper(_counting(lost)):
                call_command("mcp_keys", *arguments, stdout=output)
        except CommandError as failure:
            error = str(failure)
    line = SigningKey.objects.filter(revoked_at=None, algorithm__in=algorithms)
    ordered = line.exclude(generation=None).order_by("generation")
    seen = dict(ordered.values_list("algorithm", "kid"))
    return {"output": output.getvalue(), "error": error, "seen": seen, "lost": lost}


def _counting(lost):
    """Count the statements for which the database says that another process was faster."""

    def wrapper(execute, sql, params, many, context):
        try:
            result = execute(sql, params, many, context)
        except IntegrityError:
            lost["INSERT"] += 1
            raise
        if sql.startswith("UPDATE") and context["cursor"].rowcount == 0:
            lost["UPDATE"] += 1
        return result

    return wrapper


def risk(die, call, arguments, now):
    """Call a function of `rotation` and be killed at a statement; return the statements if not.

    `die` is the number of the statement, from 1, and whether that one is executed. COMMIT is
    one as well.
    """
    from mcp_oauth_discovery import rotation

    # What it takes to connect is no part of the change.
    connection.ensure_connection()
    step = _deadly(*die)

    def wrapper(execute, sql, params, many, context):
        return step(sql.split()[0], lambda: execute(sql, params, many, context))

    commit = connection.commit
    connection.commit = lambda: step("COMMIT", commit)
    with connection.execute_wrapper(wrapper):
        getattr(rotation, call)(**arguments, now=datetime.fromisoformat(now))
    return {"was_killed": False, "statements": step.seen}


def _deadly(number, is_executed):
    def step(name, execute):
        step.seen.append(name)
        is_last = len(step.seen) == number
        result = execute() if is_executed or not is_last else None
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    step.seen = []
    return step


if __name__ == "__main__":
    main()
