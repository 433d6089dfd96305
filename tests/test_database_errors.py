from __future__ import annotations

import pytest
from django.db import OperationalError, ProgrammingError

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.signing import sign_jwt
from mcp_oauth_discovery.signing.published import published_keys
from mcp_oauth_discovery.signing.readings import KeysUnread
from tests import ASM, JWKS
from tests.keys import DriverError, missing_tables

REMEDY = ". Has 'manage.py migrate' been run?"


@pytest.mark.parametrize(
    ("said", "codes", "told"),
    [
        pytest.param(("no such table: x",), {}, REMEDY, id="table-sqlite"),
        pytest.param(("no such column: y",), {}, REMEDY, id="column-sqlite"),
        pytest.param(("relation does not exist",), {"sqlstate": "42P01"}, REMEDY, id="table-pg"),
        pytest.param(("column does not exist",), {"pgcode": "42703"}, REMEDY, id="column-pg"),
        pytest.param((1146, "Table doesn't exist"), {}, REMEDY, id="table-mariadb"),
        pytest.param((1054, "Unknown column"), {}, REMEDY, id="column-mariadb"),
        pytest.param(("database is locked",), {}, "", id="locked"),
        pytest.param(("connection refused",), {"sqlstate": "08006"}, "", id="down"),
        pytest.param((2006, "Server has gone away"), {}, "", id="gone"),
        pytest.param(((),), {}, "", id="odd"),
        pytest.param((), {}, "", id="silent"),
    ],
)
def test_advice_is_named_where_tables_are_missing(said, codes, told):
    error = OperationalError(*said)
    error.__cause__ = DriverError(**codes)
    assert remedy(error) == told


def test_advice_is_named_behind_an_error_of_this_package():
    error = KeysUnread("The signing keys cannot be read")
    error.__cause__ = ProgrammingError("relation does not exist")
    error.__cause__.__cause__ = DriverError(sqlstate="42P01")
    assert remedy(error) == REMEDY


@pytest.mark.parametrize("error", [ValueError("nothing"), KeyError(1), ProgrammingError("syntax")])
def test_other_errors_have_no_remedy(error):
    assert remedy(error) == ""


# Before the first `migrate`


@pytest.mark.parametrize(
    ("url", "status", "event"),
    [(JWKS, 500, "document.failed"), (ASM, 200, "algorithms.unread")],
)
def test_log_says_what_to_type_before_there_are_tables(
    transactional_db, fetch, caplog, url, status, event
):
    with missing_tables():
        assert fetch(url).status_code == status
    record = next(one for one in caplog.records if getattr(one, "event", "") == event)
    assert record.getMessage().endswith(REMEDY)
    assert record.levelname == "ERROR"


def test_log_says_what_to_type_if_no_token_can_be_verified(transactional_db, settings, rf, caplog):
    settings.MCP_ISSUER = "https://app.example.com"
    request = rf.get("/mcp", headers={"authorization": f"Bearer {unread()}"})
    with missing_tables():
        assert BearerProtection("https://app.example.com/mcp")(request).status_code == 500
    [record] = [one for one in caplog.records if one.event == "endpoint.failed"]
    assert record.getMessage().endswith(REMEDY)


def unread():
    """Return a token of this site, and forget the keys."""
    rotation.rotate("EdDSA")
    claims = {"aud": "https://app.example.com/mcp", "exp": 4102444800}
    token = sign_jwt(claims, algorithm="EdDSA")
    published_keys.reset()
    return token


def test_log_says_what_to_type_where_metadata_stay_unsigned(
    transactional_db, settings, site, caplog
):
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_SIGNED_METADATA = True
    with missing_tables():
        assert "signed_metadata" not in documents.protected_resource_metadata(site, None, "")
    [record] = caplog.records
    assert record.event == "signed_metadata.unread"
    assert record.getMessage().endswith(REMEDY)
