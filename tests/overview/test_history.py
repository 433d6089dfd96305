"""The history of a key: its events, which commands and cron cause too, and the admin's own log."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.management import call_command

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from tests.keys import ED, VECTORS, as_file
from tests.overview.pages import LIST, ago, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(staff):
    """Return a function that opens the history of a key, and returns the texts of its events."""

    def history(key):
        page = unescape(staff.get(f"{LIST}{key.pk}/history/").content.decode())
        table = page.partition("Events of this key")[2].partition("</table>")[0]
        return [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in table.split("<tr>")[2:]]

    return history


def texts(rows):
    """Return the events without their dates."""
    return [row.partition(" UTC ")[2] for row in rows]


def test_rotation_by_command_is_in_the_history(history):
    old = rotation.rotate("EdDSA", now=ago(91))
    call_command("mcp_keys", "rotate")
    new = SigningKey.objects.exclude(pk=old.pk).get()
    assert texts(history(new)) == ["Published in the JWK Set", "Begins to sign (planned)"]
    assert texts(history(old)) == [
        "Published in the JWK Set",
        "Begins to sign",
        "Retires: it no longer signs (planned)",
        "Leaves the JWK Set (planned)",
    ]


def test_revocation_by_command_is_in_the_history_and_cancels_what_was_planned(history):
    key = rotation.rotate("EdDSA", now=ago(91))
    rotation.rotate("EdDSA")
    call_command("mcp_keys", "revoke", key.kid)
    assert texts(history(key)) == [
        "Published in the JWK Set",
        "Begins to sign",
        "Revoked: it is never in the JWK Set again",
    ]


def test_events_have_their_dates(history):
    key = rotation.rotate("EdDSA", now=ago(3))
    assert history(key)[0].startswith(f"{key.created_at:%Y-%m-%d %H:%M:%S} UTC ")


def test_imported_public_key_never_signs(history):
    key = rotation.import_key(as_file(VECTORS[ED], private=False), public_only=True)
    assert texts(history(key)) == ["Published in the JWK Set", "Leaves the JWK Set (planned)"]


def test_history_says_which_changes_were_made_in_the_admin(staff):
    key = rotation.rotate("EdDSA")
    where = f"{LIST}{key.pk}/history/"
    assert "No change of this key was made in the admin." in staff.get(where).content.decode()
    data = {"action": "revoke_keys", "_selected_action": [key.pk], "confirmed": "Yes"}
    visitor("view", "revoke").post(LIST, data)
    page = staff.get(where).content.decode()
    assert "Below are the changes that were made in the admin" in page
    assert "<td>user1</td>" in page


def test_history_of_an_unknown_key_is_no_error(staff):
    assert staff.get(f"{LIST}99/history/").status_code == 302
