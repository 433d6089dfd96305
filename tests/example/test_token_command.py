"""What `mcp_discovery token` says about the tokens of the example."""

from __future__ import annotations

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

from tests.example.walk import MCP, REPORTS


@pytest.fixture
def explained(monkeypatch):
    """Return a function that explains a token: the reports by resource, and the error."""

    def explained(token):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(token.encode())))
        output, message = io.StringIO(), ""
        try:
            call_command("mcp_discovery", "token", "--json", stdout=output)
        except CommandError as error:
            message = str(error)
        assert token not in output.getvalue() + message
        resources = json.loads(output.getvalue())["resources"]
        return {one["resource"]: one for one in resources}, message

    return explained


def accepted(reports):
    return [identifier for identifier, report in reports.items() if report["accepted"]]


def reasons(report):
    [view] = report["views"]
    return [rule["reason"] for rule in view["rules"] if rule["reason"]]


def test_token_is_accepted_by_the_server_that_it_is_for(walk, tokens, explained):
    assert accepted(explained(tokens["access_token"])[0]) == [MCP]
    token = walk.sign_in(REPORTS, "mcp reports")["access_token"]
    assert accepted(explained(token)[0]) == [REPORTS]


def test_revoked_token_is_refused_for_that_reason(walk, tokens, explained):
    walk.revoke(tokens["access_token"])
    reports, message = explained(tokens["access_token"])
    assert reasons(reports[MCP]) == ["revoked"]
    assert message == "No endpoint of this site accepts the token: revoked."


def test_user_who_was_deactivated_is_refused(user, tokens, explained):
    user.is_active = False
    user.save()
    assert reasons(explained(tokens["access_token"])[0][MCP]) == ["unknown_user"]


def test_refresh_token_is_no_access_token(tokens, explained):
    reports, message = explained(tokens["refresh_token"])
    assert (accepted(reports), reasons(reports[MCP])) == ([], ["malformed"])
    assert message == "No endpoint of this site accepts the token: malformed."
