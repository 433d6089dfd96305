"""Several connections that send the example the same request at once, in a process of their own.

Its database is a file, for that is where connections meet. Prints as JSON, for a refresh token and
for a code, the statuses, the errors, and what the tokens of the winner are still good for.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from io import StringIO
from threading import Barrier, Thread

import django
from django.core.management import call_command
from django.db import connection
from django.test import Client

from tests.example.walk import Walk

CONNECTIONS = 4
ROUNDS = 2


def at_once(walk, send):
    """Let clients send the same at one instant, each over a connection; return the responses."""
    barrier, responses = Barrier(CONNECTIONS), []

    def run():
        one = Walk(walk.browser)
        one.registration = walk.registration
        one.http.raise_request_exception = False
        barrier.wait()
        responses.append(send(one))
        connection.close()

    threads = [Thread(target=run) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return responses


def told(walk, responses):
    won = [one.json() for one in responses if one.status_code == 200]
    return {
        "statuses": sorted(one.status_code for one in responses),
        "errors": [json.loads(one.content)["error"] for one in responses if one.status_code == 400],
        "calls": [walk.call(one["access_token"]).status_code for one in won],
        "refreshes": [walk.refresh(one["refresh_token"]).status_code for one in won],
    }


def rush(walk):
    tokens = walk.sign_in()
    refreshed = at_once(walk, lambda one: one.refresh(tokens["refresh_token"]))
    yield "refresh", told(walk, refreshed)
    code = walk.code()
    yield "code", told(walk, at_once(walk, lambda one: one.exchange(code)))


def main():
    from django.contrib.auth import get_user_model

    from mcp_oauth_discovery.contrib.oauth_toolkit import validator

    # However long it takes here.
    validator.AT_ONCE = timedelta(hours=1)
    call_command("migrate", verbosity=0)
    call_command("mcp_keys", "rotate", stdout=StringIO())
    browser = Client(headers={"host": "127.0.0.1:8000"})
    browser.force_login(get_user_model().objects.create_user("demo"))
    walk = Walk(browser)
    return [dict(rush(walk)) for _ in range(ROUNDS)]


if __name__ == "__main__":
    django.setup()
    # Threads take turns so often that two of them are in any stretch of code together.
    sys.setswitchinterval(1e-5)
    print(json.dumps(main()))  # noqa: T201
