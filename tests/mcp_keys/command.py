"""The command, run in this process, and what it does to the key store."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mcp_oauth_discovery.models import FormerKey, SigningKey
from tests.keys import DAY

REFUSED_AT_FIRST = (
    "Verifiers may refuse its tokens until they fetch the JWK Set again: within 5 min 5 s "
    "(MCP_JWKS_MAX_AGE), unless they cache it for longer."
)
WOULD_BE_REFUSED_AT_FIRST = (
    "Verifiers could refuse its tokens until they fetched the JWK Set again: within 5 min 5 s "
    "(MCP_JWKS_MAX_AGE), unless they cached it for longer."
)


def mcp_keys(*arguments):
    """Run the command and return what it prints; all its errors are exceptions."""
    stdout, stderr = StringIO(), StringIO()
    call_command("mcp_keys", *arguments, stdout=stdout, stderr=stderr)
    assert stderr.getvalue() == ""
    return stdout.getvalue()


def document(*arguments):
    return json.loads(mcp_keys(*arguments, "--json"))


def rows():
    """Return all that the key store holds."""
    return [list(model.objects.order_by("pk").values()) for model in (SigningKey, FormerKey)]


def ago(days):
    return timezone.now() - days * DAY


def active(algorithm="EdDSA"):
    return SigningKey.objects.signing_key(algorithm)


def pending(algorithm="EdDSA"):
    return SigningKey.objects.get(algorithm=algorithm, activates_at__gt=timezone.now())


def fails(*arguments):
    """Return the one line that the command fails with; it has to leave everything as it was."""
    before = rows()
    stdout = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("mcp_keys", *arguments, stdout=stdout)
    line = str(failure.value)
    assert (failure.value.returncode, stdout.getvalue(), rows()) == (1, "", before)
    assert line.strip()
    assert "\n" not in line
    return line
