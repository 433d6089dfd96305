"""Makes what the sites need: the database with keys, an RSA key, and the documents.

python -m benchmarks.site.prepare KEYS_OF_EACH_ALGORITHM
"""

from __future__ import annotations

import sys
from datetime import timedelta

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from benchmarks.site.recorded import DOCUMENTS, HOST, STORED_TOKEN, Recorded, write_documents


def make_keys(number: int) -> None:
    """Publish `number` keys of each algorithm, of which the last one signs."""
    from mcp_oauth_discovery.rotation import rotate

    for age in range(number, 0, -1):
        for algorithm in ("RS256", "EdDSA"):
            rotate(algorithm, now=timezone.now() - age * timedelta(days=100))


def record_documents() -> None:
    client = Client(headers={"host": HOST})
    documents = {}
    for name, path in DOCUMENTS.items():
        response = client.get(path, secure=True)
        if response.status_code != 200:
            raise SystemExit(f"{path} returned {response.status_code}: {response.content!r}")
        documents[name] = Recorded(dict(response.headers), response.content)
    write_documents(settings.DIRECTORY, documents)


def make_rsa_key() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    settings.RSA_KEY.write_bytes(pem)


def make_stored_token() -> None:
    """Store a token that django-oauth-toolkit finds."""
    from django.contrib.auth.models import User
    from oauth2_provider.models import AccessToken, Application

    application = Application.objects.create(
        name="client",
        client_type="public",
        authorization_grant_type="authorization-code",
        redirect_uris="https://client.example.com/",
    )
    AccessToken.objects.create(
        user=User.objects.create_user("user"),
        application=application,
        scope="mcp",
        token=STORED_TOKEN,
        expires=timezone.now() + timedelta(days=1),
    )


if __name__ == "__main__":
    django.setup()
    make_rsa_key()
    call_command("migrate", verbosity=0)
    make_keys(int(sys.argv[1]))
    if apps.is_installed("oauth2_provider"):
        make_stored_token()
    record_documents()
