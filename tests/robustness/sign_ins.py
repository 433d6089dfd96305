"""Prepares the database of a run: tables, keys, a user, a client, and tokens of past sign-ins.

python -m tests.robustness.sign_ins SIGN_INS SECONDS

Prints JSON: the `client_id`, and for each sign-in the access token and the refresh token. The
access tokens live for SECONDS.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import uuid
from collections.abc import Mapping
from datetime import timedelta
from io import StringIO
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from tests.clients.deployments import CHECKOUT, environment


def prepare(origin: str, given: Mapping[str, str], sign_ins: int, seconds: int) -> dict[str, Any]:
    """Prepare the database of a site in another process; return what this module prints."""
    own = {
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "MCP_ISSUER": origin,
        "MCP_RESOURCE": f"{origin}/mcp",
        **given,
    }
    command = [sys.executable, "-m", __name__, str(sign_ins), str(seconds)]
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment(own), check=True, stdout=subprocess.PIPE
    )
    prepared: dict[str, Any] = json.loads(done.stdout)
    return prepared


def main(sign_ins: int, seconds: int) -> dict[str, Any]:
    # The models exist only after `django.setup()`.
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    call_command("mcp_keys", "rotate", stdout=StringIO())
    application = Application.objects.create(
        name="load",
        client_type=Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="http://127.0.0.1/callback",
    )
    user = User.objects.create_user("load")
    with transaction.atomic():
        tokens = [sign_in(user, application, seconds) for _ in range(sign_ins)]
    return {"client_id": application.client_id, "tokens": tokens}


def sign_in(user: Any, application: Any, seconds: int) -> tuple[str, str]:
    """Store what the authorization server stores after a sign-in with consent."""
    from oauth2_provider.models import AccessToken, RefreshToken

    from mcp_oauth_discovery.signing import sign_jwt

    now = timezone.now()
    claims = {
        "sub": str(user.pk),
        "aud": settings.MCP_RESOURCE,
        "exp": int(now.timestamp()) + seconds,
        "jti": secrets.token_urlsafe(16),
        "client_id": application.client_id,
        "scope": "mcp",
    }
    common = {"user": user, "application": application, "resource": [settings.MCP_RESOURCE]}
    access = AccessToken.objects.create(
        token=sign_jwt(claims, now=now),
        expires=now + timedelta(seconds=seconds),
        scope="mcp",
        **common,
    )
    refresh = RefreshToken.objects.create(
        token=secrets.token_urlsafe(32), access_token=access, token_family=uuid.uuid4(), **common
    )
    return access.token, refresh.token


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(main(*map(int, sys.argv[1:]))))
