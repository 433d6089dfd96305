"""Warnings about the settings of the keys, which no database is asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest


@pytest.mark.parametrize(("seconds", "found"), [(424, ["W003"]), (425, []), (300, ["W003"])])
def test_publish_ahead_without_room_for_clocks_that_differ(settings, ids, seconds, found):
    settings.MCP_KEY_PUBLISH_AHEAD = timedelta(seconds=seconds)
    assert ids() == found


def test_warning_about_clocks_says_what_is_enough(settings, run):
    settings.MCP_KEY_PUBLISH_AHEAD = timedelta(seconds=300)
    (message,) = run()
    assert "use at least 0:07:05, which is MCP_JWKS_MAX_AGE and a little more" in message.msg


def test_project_without_time_zones(settings, run):
    settings.USE_TZ = False
    (message,) = run()
    assert message.id == "mcp_oauth_discovery.W002"
    assert message.hint == "Write USE_TZ = True, or leave it out."


def test_other_fault_of_the_spans_is_no_matter_of_time_zones(settings, ids):
    settings.MCP_KEY_RETENTION = None
    assert ids() == ["E012"]
