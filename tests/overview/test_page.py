"""The page: who may look, the keys, the checks; and that looking changes nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.checks import Error
from django.db import connection
from django.utils import timezone

from mcp_oauth_discovery import checks, rotation
from mcp_oauth_discovery.models import SigningKey
from tests.checks.conftest import TIMEOUTS
from tests.keys import missing_tables, unreadable_keys
from tests.overview.pages import HOST, LIST, OVERVIEW, ago, document, visitor

pytestmark = pytest.mark.django_db


# Who may look


def test_anonymous_visitors_are_asked_to_log_in(client):
    assert client.get(OVERVIEW).url.startswith("/admin/login/")


@pytest.mark.parametrize("verbs", [(), ("rotate", "retire", "revoke")])
def test_staff_without_permission_is_refused(verbs):
    assert visitor(*verbs).get(OVERVIEW).status_code == 403


def test_user_who_is_no_staff_is_asked_to_log_in():
    assert visitor("view", is_staff=False).get(OVERVIEW).url.startswith("/admin/login/")


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_overview_is_only_read(staff, method):
    assert getattr(staff, method)(OVERVIEW).status_code == 405


def test_overview_is_linked_from_the_list_and_back(staff, look):
    assert f'href="{OVERVIEW}"' in staff.get(LIST).content.decode()
    assert f'href="{LIST}"' in look()[0]


def test_way_back_has_the_name_of_the_app(look):
    way = look()[0].partition('class="breadcrumbs"')[2].partition("</div>")[0]
    assert re.findall(">([^<]+)</a>", way) == ["Home", "MCP OAuth discovery"]


def test_looking_writes_nothing(look, django_assert_num_queries):
    rotation.rotate("EdDSA", now=ago(100))
    rotation.rotate("EdDSA", now=ago(2))
    before = list(SigningKey.objects.values()), list(Session.objects.values())
    with connection.execute_wrapper(only_reads):
        look()
    assert before == (list(SigningKey.objects.values()), list(Session.objects.values()))


def test_transaction_of_the_request_is_usable_after_a_reading_that_failed(look, settings):
    settings.MCP_ISSUER = lambda request: SigningKey.objects.get().kid
    with unreadable_keys():
        _, context = look()
    assert "no_such_table" in context["keys_problem"]
    assert "no_such_table" in context["resources_problem"]
    # The request has used the transaction that this test is in.
    assert Session.objects.count() == 1


def only_reads(execute, sql, params, many, context):
    assert sql.startswith(("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT")), sql
    return execute(sql, params, many, context)


def test_nothing_private_is_on_the_page(look):
    key = rotation.rotate("EdDSA")
    stored = SigningKey.objects.get(pk=key.pk)
    text, _ = look()
    assert key.public_jwk["x"] in text
    for secret in (stored.private_key, stored.unseal().as_dict(private=True)["d"], "PRIVATE KEY"):
        assert secret not in text


def test_nothing_on_the_page_is_for_a_policy_to_forbid(look):
    rotation.rotate("EdDSA")
    overview = look()[0].partition('<div class="mcp-overview">')[2].partition('id="footer"')[0]
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", overview)


# The keys


def test_next_steps_and_picture_are_there(look):
    old, new = (rotation.rotate("EdDSA", now=ago(days)) for days in (50, 0))
    text, context = look()
    assert f"the EdDSA key {new.kid[:10]}… takes over and {old.kid[:10]}… retires." in text
    assert "<title id=" in text
    assert context["timeline"].description in text
    for key in (old, new):
        assert f'href="{LIST}{key.pk}/change/">EdDSA key {key.kid[:10]}…</a>' in text


def test_numbers_of_the_picture_are_not_written_as_a_language_has_them(settings, look):
    settings.LANGUAGE_CODE = "de"
    settings.USE_THOUSAND_SEPARATOR = True
    rotation.rotate("EdDSA", now=ago(50))
    numbers = re.findall(
        r' (?:x|y|x1|x2|y1|y2|width|height)="([^"]+)"', look()[0].partition('role="img"')[2]
    )
    assert numbers
    assert not any("," in number for number in numbers)


def test_older_keys_are_counted_and_linked(look):
    for hours in range(9, 0, -1):
        now = timezone.now() - timedelta(hours=hours)
        rotation.revoke(rotation.rotate("EdDSA", now=now), now=now)
    assert re.search(r"EdDSA: \d+ older keys in", look()[0])


def test_empty_key_store_says_what_to_run(look):
    text, _ = look()
    assert "There are no keys yet. Run <code>manage.py mcp_keys rotate</code>" in text
    assert "What happens next" not in text


def test_empty_key_store_offers_a_rotation_to_those_who_may_rotate():
    page = visitor("view", "rotate").get(OVERVIEW, secure=True, headers=HOST).content.decode()
    assert "There are no keys yet. Select “Rotate now”" in page
    assert f'href="{LIST}rotate/"' in page


def test_wrong_spans_are_named_and_the_picture_stays(settings, look):
    rotation.rotate("EdDSA")
    settings.MCP_KEY_ROTATION_INTERVAL = timedelta(0)
    text, context = look()
    assert context["keys_problem"] == "See mcp_oauth_discovery.E010 above."
    assert text.count("MCP_KEY_ROTATION_INTERVAL is ") == 1
    assert "<svg" in text


def test_missing_table_is_said(transactional_db, look):
    with missing_tables():
        text, context = look()
    problem = context["keys_problem"]
    assert problem.startswith("The signing keys cannot be read: ")
    # Each database has its own words for it.
    assert SigningKey._meta.db_table in problem  # noqa: SLF001
    assert problem.endswith(". Run manage.py migrate.")
    assert document(context, "JWK Set").problem == "See the problem above."
    assert "There are no keys yet." not in text


def test_checks_do_not_pass_if_the_keys_cannot_be_read(look, monkeypatch):
    monkeypatch.setattr("mcp_oauth_discovery.admin.overview.findings", list)
    with unreadable_keys():
        text, _ = look()
    assert "No problems found" not in text
    assert "The checks of the signing keys did not run" in text


# The checks


@pytest.fixture
def endpoints(settings):
    """Say where the endpoints are: those of `tests.urls`."""
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        "authorization_endpoint": "oauth2_provider:authorize",
        "token_endpoint": "oauth2_provider:token",
        "registration_endpoint": None,
        "client_id_metadata_document_supported": True,
        "authorization_response_iss_parameter_supported": True,
    }


def found(context):
    return [(one.message.id, one.is_for_deployment) for one in context["findings"]]


def test_checks_of_each_kind_are_run(look, endpoints):
    text, context = look()
    tag = checks.TAG
    assert (f"{tag}.W013", True) in found(context)
    assert (f"{tag}.W029", False) in found(context)
    for one in context["findings"]:
        assert one.message.msg in text
        assert one.message.hint in text


def test_only_checks_of_this_app_are_run(look):
    assert all(check_id.startswith(f"{checks.TAG}.") for check_id, _ in found(look()[1]))


def test_errors_come_first_and_checks_for_deployment_last(settings, look):
    settings.MCP_METADATA_MAX_AGE = -1
    text, context = look()
    findings = context["findings"]
    assert isinstance(findings[0].message, Error)
    order = [(not one.is_error, one.is_for_deployment) for one in findings]
    assert order == sorted(order)
    assert text.index(">Error<") < text.index(">Warning<") < text.index(">For deployment<")


def test_silenced_check_is_silent(settings, look):
    settings.SILENCED_SYSTEM_CHECKS = [f"{checks.TAG}.W013"]
    assert f"{checks.TAG}.W013" not in dict(found(look()[1]))


def test_all_is_well_when_no_check_has_anything_to_say(settings, monkeypatch, look, endpoints):
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", TIMEOUTS.get(connection.vendor, {}))
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MIDDLEWARE = [
        "mcp_oauth_discovery.middleware.DiscoveryMiddleware",
        *settings.MIDDLEWARE,
    ]
    settings.MCP_RESOURCES = {"/page/": {}}
    rotation.rotate("EdDSA")
    text, context = look()
    assert found(context) == []
    assert "No problems found" in text
