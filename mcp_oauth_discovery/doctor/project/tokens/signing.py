"""Sign tokens of this project for the doctor; they never leave the process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.doctor.project.captured_logs import captured
from mcp_oauth_discovery.identity import pinned_issuer
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.signing import sign_jwt

_NO_USER = "made-up-by-the-doctor"
# Of many users, only the first ones are read.
_MOST_USERS = 20


def issuer() -> str:
    """Return the issuer of this project, or "" if it signs for none."""
    try:
        return pinned_issuer()
    except Misconfigured:
        return ""


@sensitive
def sign(claims: Mapping[str, Any], typ: str) -> str | None:
    """Return a token of this project with the claims, or None if it cannot sign.

    A view may look up the user, or create one that does not exist. The token is therefore for the
    first active user, if there is one.
    """
    try:
        with undisturbed(), captured([]):
            subject = next(_subjects(), _NO_USER)
            return sign_jwt({"sub": subject, "jti": str(uuid.uuid4()), **claims}, typ=typ)
    # The steps about keys and metadata report what prevents signing. The users of the project may
    # have a manager that raises anything, for example without a tenant.
    except Exception:  # noqa: BLE001
        return None


def _subjects() -> Iterator[str]:
    """Yield the primary keys of active users, as text."""
    if apps.is_installed("django.contrib.auth"):
        users = get_user_model()._default_manager.order_by("pk")[:_MOST_USERS]  # noqa: SLF001
        yield from (str(user.pk) for user in users if user.is_active)
