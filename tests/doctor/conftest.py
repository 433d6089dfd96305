"""A healthy project, and the command on it."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mcp_oauth_discovery.cors import MCP_EXPOSED_HEADERS, MCP_REQUEST_HEADERS
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.models import SigningKey
from tests.doctor.world import PRIVATE

# What MCP 2026-07-28 expects of a server beyond the defaults of the settings.
ANNOUNCED = {
    "client_id_metadata_document_supported": True,
    "authorization_response_iss_parameter_supported": True,
}


class _Mishaps(logging.Handler):
    """Keeps the records of faults of the doctor itself."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "event", "") == "doctor.failed":
            self.records.append(record)


@pytest.fixture(autouse=True)
def doctor_is_well(request):
    """Fail each test in which the doctor itself has failed, unless that is what it is about."""
    handler = _Mishaps()
    logger = logging.getLogger("mcp_oauth_discovery")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)
    if not request.node.get_closest_marker("doctor_fails"):
        assert [record.getMessage() for record in handler.records] == []


@pytest.fixture
def stored_keys(db):
    """Store the keys of the healthy worlds: to make an RSA key takes a while."""
    for algorithm, key in PRIVATE.items():
        public = jwk.public_jwk(key, algorithm)
        row = SigningKey(kid=public["kid"], algorithm=algorithm, public_jwk=public)
        row.created_at = row.activates_at = timezone.now() - timedelta(days=1)
        row.seal(key)
        row.save()


@pytest.fixture
def healthy(settings, cors_by_settings_alone, stored_keys):
    """The settings of a project at https://app.example.com, as the documentation has them."""
    settings.ROOT_URLCONF = "tests.doctor.healthy_urls"
    settings.MIDDLEWARE = [
        "mcp_oauth_discovery.middleware.DiscoveryMiddleware",
        *settings.MIDDLEWARE,
    ]
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_AUTHORIZATION_SERVER_METADATA = dict(ANNOUNCED)
    settings.CORS_ALLOW_ALL_ORIGINS = True
    settings.CORS_ALLOW_HEADERS = MCP_REQUEST_HEADERS
    settings.CORS_EXPOSE_HEADERS = MCP_EXPOSED_HEADERS
    return settings


@pytest.fixture
def run():
    """Return a function that runs a subcommand: what it prints, and the message if it fails.

    How long an answer takes is a matter of the machine, and no test is about that.
    """

    def run(*arguments: str, **options) -> tuple[str, str]:
        if arguments[0] == "check":
            arguments = (*arguments, "--skip", "answer-slow")
        output = StringIO()
        message = ""
        try:
            call_command("mcp_discovery", *arguments, stdout=output, **options)
        except CommandError as error:
            message = str(error)
        return output.getvalue(), message

    return run


@pytest.fixture
def codes(run):
    """Return a function that runs the check: the codes of what it finds, but for the passes."""

    def codes(*arguments: str) -> list[str]:
        output, _ = run("check", "--json", *arguments)
        findings = [one for report in json.loads(output)["reports"] for one in report["findings"]]
        return sorted({one["code"] for one in findings if one["severity"] != "pass"})

    return codes
