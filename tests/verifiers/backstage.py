"""What other processes of the example do, while a server serves it.

    python -m tests.verifiers.backstage sign AUDIENCE
    python -m tests.verifiers.backstage pass SECONDS

`sign` prints one token of each algorithm, as JSON. `pass` lets time go by for the keys: every date
moves that far into the past, which is the same to them as if the clock had gone on.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta

import django
from django.db.models import F

DATES = ("created_at", "activates_at", "retires_at", "expires_at", "revoked_at")


def sign(audience: str) -> None:
    from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
    from mcp_oauth_discovery.signing import sign_jwt

    claims = {"sub": "somebody", "aud": audience, "exp": int(time.time()) + 3600}
    json.dump({name: sign_jwt(claims, algorithm=name) for name in ALGORITHMS}, sys.stdout)


def let_pass(seconds: str) -> None:
    from mcp_oauth_discovery.models import SigningKey

    span = timedelta(seconds=float(seconds))
    SigningKey.objects.update(**{date: F(date) - span for date in DATES})


if __name__ == "__main__":
    django.setup()
    {"sign": sign, "pass": let_pass}[sys.argv[1]](sys.argv[2])
