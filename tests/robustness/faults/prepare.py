"""Fill a database that `migrate` has made: a key, a user, a client, and codes to exchange."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone

from tests.example.walk import CALLBACK, CHALLENGE

CLIENT = "of a client that lives for one test run"


def prepare(codes: list[str]) -> None:
    # The models are there only after django.setup().
    from oauth2_provider.models import get_application_model, get_grant_model

    call_command("mcp_keys", "rotate", verbosity=0, stdout=sys.stderr)
    user = get_user_model().objects.create_user("demo")
    client = get_application_model().objects.create(
        client_id=CLIENT,
        client_type="public",
        authorization_grant_type="authorization-code",
        redirect_uris=CALLBACK,
    )
    common: dict[str, Any] = {
        "user": user,
        "application": client,
        "expires": timezone.now() + timedelta(hours=1),
        "redirect_uri": CALLBACK,
        "scope": "mcp",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "resource": [settings.MCP_RESOURCE],
    }
    grant = get_grant_model()
    grant.objects.bulk_create(grant(code=code, **common) for code in codes)


if __name__ == "__main__":
    django.setup()
    prepare(sys.argv[1:])
