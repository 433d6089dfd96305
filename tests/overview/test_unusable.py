"""The pages of the keys if the database cannot be used: the overview says why."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, OperationalError, connection

from mcp_oauth_discovery import rotation
from tests.keys import missing_tables
from tests.overview.pages import LIST, OVERVIEW, visitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator():
    return visitor("view", "rotate", "retire", "revoke")


def said(response):
    return [(message.level_tag, message.message) for message in response.context["messages"]]


@pytest.mark.parametrize("path", ["", "rotate/", "1/change/", "1/history/"])
def test_page_of_keys_that_cannot_be_read_leads_to_the_overview(operator, path):
    with missing_tables():
        response = operator.get(f"{LIST}{path}", follow=True)
    assert response.redirect_chain == [(OVERVIEW, 302)]
    [(level, text)] = said(response)
    assert level == "error"
    assert text.endswith("Run manage.py migrate.")


def test_page_that_fails_is_in_the_log_with_its_error(operator, caplog):
    with missing_tables():
        operator.get(LIST)
    [record] = [one for one in caplog.records if getattr(one, "event", "") == "admin.failed"]
    assert isinstance(record.exc_info[1], DatabaseError)


@pytest.mark.parametrize("verb", ["rotate", "retire", "revoke"])
def test_change_that_the_database_refuses_is_an_error_on_the_page(
    operator, monkeypatch, settings, verb
):
    def refuse(*args, **options):
        raise OperationalError("attempt to write a readonly database")

    key = rotation.rotate("EdDSA")
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    monkeypatch.setattr(rotation, verb, refuse)
    where = f"{LIST}rotate/" if verb == "rotate" else LIST
    data = {"action": f"{verb}_keys", "_selected_action": [key.pk], "confirmed": "Yes"}
    response = operator.post(where, data, follow=True)
    text = "The signing keys cannot be used: attempt to write a readonly database."
    assert said(response) == [("error", text)]


def test_transaction_of_a_request_is_rolled_back_as_ever(operator, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    operator.raise_request_exception = False
    with missing_tables():
        assert operator.get(LIST).status_code == 500
