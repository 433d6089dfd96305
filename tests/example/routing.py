"""Sign in on a site whose tables are in another database than the default one, and print it.

As JSON: the statuses of an exchange, a refresh, a call and a revocation, and the databases that
had a transaction when a token was made.
"""

from __future__ import annotations

import json
from io import StringIO

import django
from django.core.management import call_command
from django.db import connections
from django.test import Client

from tests.example.walk import CALLBACK, Walk


def main():
    from django.contrib.auth import get_user_model
    from oauth2_provider.models import get_application_model
    from oauth2_provider.signals import app_authorized

    transactions = []

    def note(**kwargs):
        transactions.append([name for name in connections if connections[name].in_atomic_block])

    app_authorized.connect(note)
    call_command("migrate", verbosity=0, database="accounts")
    call_command("mcp_keys", "rotate", stdout=StringIO())
    browser = Client(headers={"host": "127.0.0.1:8000"})
    browser.force_login(get_user_model().objects.create_user("demo"))
    walk = Walk(browser)
    walk.http.raise_request_exception = False
    # The registration of django-oauth-toolkit itself begins a transaction on the default database.
    application = get_application_model().objects.create(
        name="Walker",
        redirect_uris=CALLBACK,
        client_type="public",
        authorization_grant_type="authorization-code",
    )
    walk.registration = {"client_id": application.client_id}
    exchanged = walk.exchange(walk.code())
    refreshed = walk.refresh(exchanged.json().get("refresh_token", ""))
    called = walk.call(refreshed.json().get("access_token", ""))
    revoked = walk.revoke(refreshed.json().get("access_token", ""))
    answers = (exchanged, refreshed, called, revoked)
    return {"statuses": [one.status_code for one in answers], "transactions": transactions}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main()))  # noqa: T201
