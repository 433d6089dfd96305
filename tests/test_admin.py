from __future__ import annotations

import json
import re
from datetime import timedelta
from html import escape, unescape

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.admin.states import in_state
from mcp_oauth_discovery.keys.jwk import public_pem
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation.schedule import standing
from tests.keys import ED, VECTORS, as_file

pytestmark = pytest.mark.django_db

LIST = "/admin/mcp_oauth_discovery/signingkey/"
ALL = f"{LIST}?state=all"
ROTATE = f"{LIST}rotate/"
VERBS = ("rotate", "retire", "revoke")


def ago(days):
    return timezone.now() - timedelta(days=days)


@pytest.fixture(autouse=True)
def quick(settings):
    """Leave RSA out: its keys take their time."""
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]


@pytest.fixture
def keys():
    """One key in each state: four in a line of succession, and a revoked one of an older line."""
    line = [rotation.rotate("EdDSA", now=ago(days)) for days in (200, 100, 2, 0)]
    revoked = rotation.revoke(rotation.rotate("ES256", now=ago(95)), now=ago(93))
    stored = SigningKey.objects.filter(kid__in=[key.kid for key in (*line, revoked)])
    found = {key.state(): key for key in stored}
    assert set(found) == set(State)
    return found


@pytest.fixture
def login():
    """Return a function that logs somebody of the staff in who may do certain things."""

    def login(*verbs, **options):
        user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
        codenames = [f"{verb}_signingkey" for verb in verbs]
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client(**options)
        client.force_login(user)
        return client

    return login


@pytest.fixture
def staff(login):
    return login("view", *VERBS)


def url(key):
    return f"{LIST}{key.pk}/change/"


def read(client, where, **data):
    response = client.get(where, data)
    assert response.status_code == 200
    return unescape(response.content.decode())


def act(client, verb, *selected, confirmed=True, where=LIST, **more):
    """Post what the buttons post, follow the redirect, and return the page."""
    chosen = [key.pk for key in selected]
    data = {"action": f"{verb}_keys", "_selected_action": chosen, **more}
    response = client.post(where, {**data, "confirmed": "Yes"} if confirmed else data, follow=True)
    assert response.status_code == 200
    return response


def said(response):
    return [(message.level_tag, message.message) for message in response.context["messages"]]


def rows():
    return list(SigningKey.objects.order_by("pk").values())


# The list


STEPS = {
    State.PENDING: "Signs in 23 h 59 min",
    State.ACTIVE: "Retires in 23 h 59 min",
    State.RETIRED: "Leaves the JWK Set in 23 h 59 min",
    State.EXPIRED: "-",
    State.REVOKED: "-",
}


def columns(row):
    return re.findall(r'<t[dh] class="field-(\w+)', row)


def test_row_says_what_a_key_does(staff, keys):
    page = read(staff, ALL)
    for state, key in keys.items():
        [row] = [row for row in page.split("<tr") if key.kid in row]
        assert columns(row) == ["state_label", "short_kid", "algorithm", "next_step"]
        assert f">{key.kid[:10]}…<" in row
        assert key.algorithm in row
        assert f'<span class="mcp-state mcp-{state.value}">{state.label}</span>' in row
        assert f'<td class="field-next_step">{STEPS[state]}' in row


def test_row_says_when_the_next_event_is(staff, keys):
    [row] = [row for row in read(staff, LIST).split("<tr") if keys[State.PENDING].kid in row]
    assert f">{keys[State.PENDING].activates_at:%Y-%m-%d %H:%M:%S} UTC</span>" in row


def test_key_that_was_revoked_late_left_the_set_when_it_expired(staff, keys):
    key = keys[State.EXPIRED]
    rotation.revoke(key)
    left = f"{key.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    assert left in read(staff, url(key)).partition("field-leaves")[2].partition("field-")[0]


def order(client, keys, column):
    """Return the states in the order of a column, from the top."""
    page = read(client, LIST, state="all", o=column)
    return sorted(keys, key=lambda state: page.index(keys[state].kid))


@pytest.fixture
def sortable(keys):
    """One key in each state, all of one algorithm, and no other key."""
    SigningKey.objects.exclude(kid__in=[key.kid for key in keys.values()]).delete()
    pending = keys[State.PENDING]
    # Later than the key that leaves the JWK Set, and earlier than the rotation that is due.
    pending.activates_at += timedelta(days=1)
    pending.save()
    SigningKey.objects.filter(pk=keys[State.ACTIVE].pk).update(retires_at=None)
    return keys


def test_list_sorts_by_state_in_the_order_of_a_life(staff, sortable):
    assert order(staff, sortable, "1") == list(State)
    assert order(staff, sortable, "-1") == list(reversed(State))


def test_list_sorts_by_the_next_event(staff, sortable):
    last = {State.EXPIRED, State.REVOKED}
    ordered = order(staff, sortable, "4")
    assert ordered[:3] == [State.RETIRED, State.PENDING, State.ACTIVE]
    assert set(ordered[3:]) == last


def test_list_sorts_by_every_column(staff, keys):
    headers = staff.get(LIST).content.decode().partition("<thead>")[2].partition("</thead>")[0]
    assert headers.count("sortable") == headers.count('scope="col"') - 1 == 4


def test_list_is_sorted_with_a_wrong_setting(staff, keys, settings):
    settings.MCP_KEY_ROTATION_INTERVAL = timedelta(0)
    assert set(order(staff, keys, "4")) == set(State)


def test_database_computes_the_states_of_the_model(keys):
    # An end that is over decides, whatever the other dates say.
    SigningKey.objects.filter(pk=keys[State.PENDING].pk).update(expires_at=ago(1))
    now = timezone.now()
    for state in State:
        expected = {key.kid for key in SigningKey.objects.all() if key.state(now) is state}
        assert {key.kid for key in in_state(SigningKey.objects.all(), state, now)} == expected


def test_expired_keys_are_folded_and_counted(staff, keys):
    page = read(staff, LIST)
    assert {state for state, key in keys.items() if key.kid in page} == set(State) - {State.EXPIRED}
    assert "1 expired key is not shown." in page
    assert '<a href="?state=all">Show all keys</a>' in page
    # What Django counts as left out is what a search or a filter leaves out.
    assert " total</a>" not in page
    assert ">5 total</a>" in read(staff, LIST, algorithm="ES256")


def test_page_of_all_keys_folds_none(staff, keys):
    page = read(staff, ALL)
    assert all(key.kid in page for key in keys.values())
    assert "not shown" not in page


def test_count_is_that_of_the_link(staff, keys):
    assert "not shown" not in read(staff, LIST, algorithm="ES256")
    page = read(staff, LIST, q=keys[State.EXPIRED].kid, p="1")
    assert "1 expired key is not shown." in page
    link = re.search(r'<a href="([^"]+)">Show all keys', page)[1]
    assert keys[State.EXPIRED].kid in read(staff, LIST + link).partition("<thead>")[2]


def test_damaged_key_is_marked(staff, keys):
    assert "Not in the JWK Set" not in read(staff, ALL)
    SigningKey.objects.filter(pk=keys[State.RETIRED].pk).update(public_jwk={})
    page = read(staff, LIST)
    [row] = [row for row in page.split("<tr") if keys[State.RETIRED].kid in row]
    assert "Not in the JWK Set" in row


# A list without rows


def test_list_without_keys_says_how_to_make_one(staff):
    page = read(staff, LIST)
    assert "There are no keys yet." in page
    assert "manage.py mcp_keys rotate" in page
    assert f'<a class="button" href="{ROTATE}">' in page


def test_list_without_keys_asks_for_the_permission(login):
    page = read(login("view"), LIST)
    assert "ask someone who may rotate keys" in page
    assert ROTATE not in page


def test_list_of_expired_keys_says_how_to_make_one(staff, keys):
    SigningKey.objects.exclude(pk=keys[State.EXPIRED].pk).delete()
    page = read(staff, LIST)
    assert "All keys have expired, so no key signs." in page
    assert f'<a class="button" href="{ROTATE}">' in page
    assert "1 expired key is not shown." in page


@pytest.mark.parametrize("query", [{"q": "nothing"}, {"algorithm": "RS256"}], ids=str)
def test_list_without_matches_offers_to_clear_the_filters(staff, keys, query):
    page = read(staff, LIST, **query)
    assert "No keys match." in page
    assert f'<a href="{LIST}">Clear the search and all filters</a>' in page


def test_filter_finds_the_keys_of_a_state(staff, keys):
    for state in State:
        page = read(staff, LIST, state=state.value)
        assert {other for other, key in keys.items() if key.kid in page} == {state}


def test_filter_finds_the_keys_of_an_algorithm(staff, keys):
    page = read(staff, LIST, algorithm="ES256")
    assert [key.algorithm for key in keys.values() if key.kid in page] == ["ES256"]


def test_search_finds_a_kid(staff, keys):
    page = read(staff, LIST, q=keys[State.ACTIVE].kid)
    assert [state for state, key in keys.items() if key.kid in page] == [State.ACTIVE]


def test_search_finds_nothing_but_a_kid(staff, keys):
    key = keys[State.ACTIVE]
    for text in (key.private_key[:40], key.public_jwk["x"], "EdDSA", "Ed25519"):
        assert "0 signing keys" in read(staff, LIST, q=text)


# One key


@pytest.mark.parametrize("state", [State.ACTIVE, State.EXPIRED])
def test_detail_shows_the_jwk_as_it_is_published(staff, fetch, keys, state):
    key = keys[state]
    page = read(staff, url(key))
    shown = json.loads(page.partition("<pre>")[2].partition("</pre>")[0])
    published = {one["kid"]: one for one in fetch("/.well-known/jwks.json").json()["keys"]}
    assert list(shown.items()) == list(published.get(key.kid, key.published_jwk).items())
    assert (key.kid in published) is key.is_published()


def test_detail_shows_the_public_pem(staff, keys):
    key = keys[State.ACTIVE]
    assert f"<pre>{public_pem(key.published_jwk)}</pre>" in read(staff, url(key))


@pytest.mark.parametrize(
    ("erased", "told"),
    [(False, "in the key store, encrypted; never shown"), (True, "not in the key store")],
)
def test_detail_says_whether_there_is_a_private_half(staff, keys, erased, told):
    key = keys[State.RETIRED]
    if erased:
        rotation.prune()
    assert told in read(staff, url(key))


def test_kid_of_another_program_is_text_on_every_page(staff):
    kid = "\"><b>'&lt;{{kid}}"
    file = as_file(VECTORS[ED], private=False, kid=kid)
    key = rotation.import_key(file, public_only=True, keep_kid=True)
    for where in (LIST, url(key), "/admin/mcp_oauth_discovery/overview/"):
        page = staff.get(where).content.decode()
        assert '"><b>' not in page
    assert escape(kid) in staff.get(url(key)).content.decode()


def test_key_that_does_not_exist_is_redirected_as_django_does(staff):
    assert staff.get(f"{LIST}7/change/").status_code == 302


def test_nothing_is_added_or_deleted(staff, keys):
    before = rows()
    for path in ("add/", f"{keys[State.EXPIRED].pk}/delete/"):
        for method in (staff.get, staff.post):
            assert method(f"{LIST}{path}").status_code == 403
    assert rows() == before


def test_nothing_is_changed_by_hand(staff, keys):
    before = rows()
    key = keys[State.PENDING]
    assert staff.post(url(key), {"kid": "mine"}).status_code == 403
    assert rows() == before


def test_bulk_delete_is_no_action(staff, keys):
    data = {"action": "delete_selected", "_selected_action": [keys[State.EXPIRED].pk], "post": "y"}
    assert staff.post(LIST, data).status_code in (200, 302)
    assert SigningKey.objects.filter(pk=keys[State.EXPIRED].pk).exists()
    assert "delete_selected" not in read(staff, LIST)


def test_even_a_superuser_cannot_add_change_or_delete(admin_client, keys):
    key = keys[State.ACTIVE]
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{key.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.post(url(key)).status_code == 403


def test_no_page_has_anything_private(staff, keys):
    pages = [read(staff, LIST), read(staff, ROTATE)]
    for key in keys.values():
        pages += [read(staff, url(key)), read(staff, f"{LIST}{key.pk}/history/")]
    for verb in ("retire", "revoke"):
        pages.append(act(staff, verb, *keys.values(), confirmed=False).content.decode())
        pages.append(act(staff, verb, *keys.values()).content.decode())
    pages.append(staff.post(ROTATE, follow=True).content.decode())
    secrets = ["PRIVATE KEY"]
    for key in SigningKey.objects.exclude(private_key=""):
        secrets += [key.private_key, key.unseal().as_dict(private=True)["d"]]
    assert len(secrets) > 2 * len(keys)
    for page in pages:
        assert [secret for secret in secrets if secret in page] == []


# Who may do what


BUTTONS = {"rotate": ROTATE, "retire": 'value="retire_keys"', "revoke": 'value="revoke_keys"'}


@pytest.mark.parametrize("allowed", [(), *((verb,) for verb in VERBS), VERBS])
def test_buttons_are_those_of_the_permissions(login, keys, allowed):
    client = login("view", *allowed)
    pages = read(client, LIST), read(client, url(keys[State.ACTIVE]))
    shown = {verb for verb, button in BUTTONS.items() if any(button in page for page in pages)}
    assert shown == set(allowed)


OTHERS = {"retire": ("rotate", "revoke"), "revoke": ("rotate", "retire")}


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize(
    ("verb", "allowed"), [*OTHERS.items(), *[(verb, (verb,)) for verb in OTHERS]]
)
def test_each_change_needs_its_own_permission(login, keys, allowed, verb, confirmed):
    before = rows()
    data = {"action": f"{verb}_keys", "_selected_action": [keys[State.ACTIVE].pk]}
    if confirmed:
        data["confirmed"] = "Yes"
    status = login("view", *allowed).post(LIST, data).status_code
    expected = (302 if confirmed else 200) if verb in allowed else 403
    assert status == expected
    assert (rows() != before) is (verb in allowed and confirmed)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("allowed", [("retire", "revoke"), ("rotate",)])
def test_rotation_needs_its_own_permission(login, method, allowed):
    status = getattr(login("view", *allowed), method)(ROTATE).status_code
    assert status == ((200 if method == "get" else 302) if "rotate" in allowed else 403)
    assert SigningKey.objects.exists() is (method == "post" and "rotate" in allowed)


@pytest.mark.parametrize("where", [LIST, ROTATE])
def test_who_may_not_look_may_not_act(login, keys, where):
    before = rows()
    data = {"action": "revoke_keys", "_selected_action": [keys[State.ACTIVE].pk], "confirmed": "Y"}
    assert login(*VERBS).post(where, data).status_code == 403
    assert rows() == before


def test_anonymous_visitors_are_asked_to_log_in(client, keys):
    before = rows()
    for where in (LIST, ROTATE, url(keys[State.ACTIVE])):
        assert client.get(where).url.startswith("/admin/login/")
        assert client.post(where).url.startswith("/admin/login/")
    assert rows() == before


@pytest.mark.parametrize("where", [LIST, ROTATE])
def test_change_from_another_site_is_refused(login, keys, where):
    before = rows()
    client = login("view", *VERBS, enforce_csrf_checks=True)
    data = {"action": "revoke_keys", "_selected_action": [keys[State.ACTIVE].pk], "confirmed": "Y"}
    assert client.post(where, data).status_code == 403
    assert rows() == before
    client.get(LIST)
    data["csrfmiddlewaretoken"] = client.cookies["csrftoken"].value
    assert client.post(where, data).status_code == 302
    assert rows() != before


# Changes


def test_rotate_asks_first(staff, keys):
    before = rows()
    page = read(staff, ROTATE)
    assert "A new key is published immediately and signs 1 d later." in page
    assert f"{keys[State.PENDING].kid} is already pending, and signs from" in page
    assert rows() == before


def test_page_counts_first_and_then_names_what_changes_and_what_does_not(staff, keys):
    page = act(staff, "retire", *keys.values(), confirmed=False, where=ALL).content.decode()
    parts = [
        "1 of 5 keys will be retired.",
        "What will change",
        keys[State.ACTIVE].kid,
        "It no longer signs.",
        "What will not change",
        "Only active keys can be retired.",
        "Yes, retire",
    ]
    assert sorted(parts, key=page.index) == parts


def test_confirmation_is_for_the_keys_that_change(staff, keys):
    page = act(staff, "retire", *keys.values(), confirmed=False, where=ALL).content.decode()
    assert re.findall(r'name="_selected_action" value="(\d+)"', page) == [
        str(keys[State.ACTIVE].pk)
    ]


def test_page_without_a_change_cannot_be_confirmed(staff, keys):
    page = act(staff, "retire", keys[State.REVOKED], confirmed=False).content.decode()
    assert "0 of 1 key will be retired." in page
    assert 'name="confirmed"' not in page
    assert "Back to the list" in page


def test_rotate_publishes_what_is_not_pending_yet(staff, keys):
    response = staff.post(ROTATE, follow=True)
    made = standing("ES256", timezone.now()).pending
    pending = keys[State.PENDING]
    assert said(response) == [
        ("warning", f"EdDSA: {pending.kid} is already pending; nothing was changed."),
        (
            "success",
            f"ES256: published {made.kid}; it signs from "
            f"{made.activates_at:%Y-%m-%d %H:%M:%S} UTC.",
        ),
    ]
    [entry] = LogEntry.objects.all()
    assert (entry.action_flag, entry.object_repr) == (ADDITION, made.kid)
    assert "Rotated ES256" in read(staff, f"{LIST}{made.pk}/history/")


def test_rotation_that_is_refused_says_so_and_goes_on(staff, monkeypatch):
    rotate = rotation.rotate

    def rotate_one(algorithm, **kwargs):
        if algorithm == "EdDSA":
            raise rotation.Refused("Try again.")
        return rotate(algorithm, **kwargs)

    monkeypatch.setattr(rotation, "rotate", rotate_one)
    levels = [level for level, _ in said(staff.post(ROTATE, follow=True))]
    assert levels == ["error", "success"]
    assert SigningKey.objects.get().algorithm == "ES256"


@pytest.mark.parametrize("verb", ["retire", "revoke"])
def test_change_is_asked_for_first(staff, keys, verb):
    before = rows()
    response = act(staff, verb, keys[State.ACTIVE], confirmed=False)
    assert response.templates[0].name == f"mcp_oauth_discovery/admin/{verb}.html"
    assert f"Yes, {verb}" in response.content.decode()
    assert rows() == before
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(("verb", "state"), [("retire", State.RETIRED), ("revoke", State.REVOKED)])
def test_confirmed_change_is_done_and_written_down(staff, keys, verb, state):
    key = keys[State.ACTIVE]
    response = act(staff, verb, key)
    key.refresh_from_db()
    assert key.state() is state
    [(level, text)] = said(response)
    assert level == "success"
    assert text.startswith(f"{state.label} {key.kid}. ")
    [entry] = LogEntry.objects.all()
    assert (entry.action_flag, entry.object_repr) == (CHANGE, key.kid)
    assert entry.get_change_message() == f"{state.label}."


def test_revoke_says_until_when_copies_are_in_use(staff, keys, settings):
    settings.MCP_JWKS_MAX_AGE = 3600
    assert (
        "for up to 1 h 5 s"
        in act(staff, "revoke", keys[State.ACTIVE], confirmed=False).content.decode()
    )
    [(_, text)] = said(act(staff, "revoke", keys[State.ACTIVE]))
    revoked_at = SigningKey.objects.get(pk=keys[State.ACTIVE].pk).revoked_at
    until = re.search(r"may be in use until (\S+ \S+) UTC", text)[1]
    # From when others can see it, which is after it was done.
    span = timedelta(seconds=3605)
    earliest, latest = revoked_at + span, timezone.now() + span
    assert f"{earliest:%Y-%m-%d %H:%M:%S}" <= until <= f"{latest:%Y-%m-%d %H:%M:%S}"


def test_each_selected_key_has_a_result(staff, keys):
    response = act(staff, "retire", *keys.values(), where=ALL)
    levels = [level for level, _ in said(response)]
    assert sorted(levels) == ["error"] * 4 + ["success"]
    assert LogEntry.objects.count() == 1
    assert f"The key {keys[State.EXPIRED].kid} is expired; only an active one can be retired." in [
        text for level, text in said(response) if level == "error"
    ]


def test_all_selected_keys_are_revoked(staff, keys):
    levels = [level for level, _ in said(act(staff, "revoke", *keys.values(), where=ALL))]
    assert sorted(levels) == ["error"] + ["success"] * 4
    assert not SigningKey.objects.filter(
        kid__in=[key.kid for key in keys.values()], revoked_at=None
    ).exists()
    assert SigningKey.objects.signing_key("EdDSA").kid not in {key.kid for key in keys.values()}


@pytest.mark.parametrize(("where", "count"), [(LIST, 5), (ALL, 6)])
def test_all_keys_of_all_pages_can_be_selected(staff, keys, where, count):
    across = {"select_across": "1", "index": "0"}
    response = act(staff, "revoke", keys[State.ACTIVE], confirmed=False, where=where, **across)
    assert f"{count - 1} of {count} keys will be revoked." in response.content.decode()


def test_selected_key_that_has_left_the_list_is_not_changed(staff, keys):
    before = rows()
    # Its page and a filter can be older than its state.
    for confirmed in (False, True):
        response = act(staff, "revoke", keys[State.EXPIRED], confirmed=confirmed)
        [(level, text)] = said(response)
        assert (level, text.partition(":")[0]) == ("warning", "No keys were changed")
    assert rows() == before


def test_expired_key_can_be_revoked_from_its_page(staff, keys):
    key = keys[State.EXPIRED]
    where = re.search(r'action="([^"]+)" class="mcp-tools"', read(staff, url(key)))[1]
    act(staff, "revoke", key, where=where)
    key.refresh_from_db()
    assert key.state() is State.REVOKED


def test_filtered_list_stays_filtered_on_the_way(staff, keys):
    where = f"{LIST}?state=active"
    response = act(staff, "revoke", where=where, confirmed=False, select_across="1", index="0")
    assert keys[State.RETIRED].kid not in response.content.decode()
    assert keys[State.ACTIVE].kid in response.content.decode()


def test_nothing_selected_is_nothing_done(staff, keys):
    before = rows()
    [(level, _)] = said(act(staff, "revoke", index="0"))
    assert level == "warning"
    assert rows() == before


OFFERED = {
    State.PENDING: {"revoke"},
    State.ACTIVE: {"retire", "revoke"},
    State.RETIRED: {"revoke"},
    State.EXPIRED: {"revoke"},
    State.REVOKED: set(),
}


def test_detail_offers_what_can_be_done(staff, keys):
    for state, offered in OFFERED.items():
        page = read(staff, url(keys[state]))
        assert {verb for verb in ("retire", "revoke") if BUTTONS[verb] in page} == offered


# Settings that are wrong, keys that cannot be read


def test_list_and_detail_survive_wrong_settings(staff, keys, settings):
    active = SigningKey.objects.signing_key("ES256")
    settings.MCP_KEY_ROTATION_INTERVAL = timedelta(0)
    settings.MCP_KEY_ENCRYPTION_KEYS = ["nonsense"]
    assert "Unknown: run manage.py check" in read(staff, LIST)
    assert (
        "MCP_KEY_ENCRYPTION_KEYS is &#x27;(not shown)&#x27;"
        in staff.get(url(active)).content.decode()
    )


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("setting", "value"),
    [("MCP_SIGNING_ALGORITHMS", ["HS256"]), ("MCP_KEY_PUBLISH_AHEAD", timedelta(0))],
)
def test_rotation_names_the_wrong_setting(staff, keys, settings, method, setting, value):
    before = rows()
    setattr(settings, setting, value)
    level, text = said(getattr(staff, method)(ROTATE, follow=True))[-1]
    assert level == "error"
    assert setting in text
    assert rows() == before


@pytest.mark.parametrize("confirmed", [False, True])
def test_change_names_the_wrong_setting(staff, keys, settings, confirmed):
    before = rows()
    settings.MCP_JWKS_MAX_AGE = -1
    [(level, text)] = said(act(staff, "retire", keys[State.ACTIVE], confirmed=confirmed))
    assert level == "error"
    assert "MCP_JWKS_MAX_AGE" in text
    assert rows() == before


def test_revocation_waits_for_no_setting_to_be_mended(staff, keys, settings):
    settings.MCP_JWKS_MAX_AGE = -1
    key = keys[State.ACTIVE]
    page = act(staff, "revoke", key, confirmed=False).content.decode()
    assert "Verifiers may keep using a cached copy of the JWK Set." in page
    [(level, text)] = said(act(staff, "revoke", key))
    assert level == "success"
    assert text.endswith("For how long is unknown: run manage.py check.")
    key.refresh_from_db()
    assert key.state() is State.REVOKED


NO_KEYS = [
    ("", "the public JWK is malformed"),
    ("A", "the public JWK is malformed"),
    ("AAAA", "the public JWK is malformed"),
    ("é", "the public JWK is malformed"),
    (43 * "A", "the public JWK is that of another key"),
]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"algorithm": "Ed448"}, "unknown algorithm 'Ed448'"),
        ({"algorithm": "ES256"}, "the public JWK is malformed"),
        ({"public_jwk": {"kty": "OKP"}}, "the public JWK is malformed"),
        ({"public_jwk": []}, "the public JWK is malformed"),
        *(({"public_jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}}, told) for x, told in NO_KEYS),
    ],
    ids=str,
)
def test_key_that_cannot_be_published_is_shown_and_can_be_revoked(staff, fault, told):
    key = rotation.rotate("EdDSA")
    SigningKey.objects.update(**fault)
    page = read(staff, url(key))
    assert page.count(f"not published: {told}") == 2
    assert key.kid in read(staff, LIST)
    assert read(staff, "/admin/mcp_oauth_discovery/overview/")
    act(staff, "revoke", key)
    key.refresh_from_db()
    assert key.state() is State.REVOKED


def test_successor_that_cannot_be_sealed_is_not_made(staff, settings):
    key = rotation.rotate("EdDSA")
    settings.MCP_KEY_ENCRYPTION_KEYS = ["nonsense"]
    for response in (act(staff, "revoke", key), staff.post(ROTATE, follow=True)):
        assert "error" in dict(said(response))
        assert "nonsense" not in response.content.decode()
    assert SigningKey.objects.get().state() is State.ACTIVE


def test_key_that_cannot_be_decrypted_is_shown_and_can_be_revoked(login, keys, settings):
    key = keys[State.ACTIVE]
    settings.SECRET_KEY = "another one, without the former as a fallback"
    staff = login("view", *VERBS)
    assert key.kid in read(staff, LIST)
    page = read(staff, url(key))
    assert f"The private key of {key.kid} cannot be decrypted" in page
    assert key.published_jwk["x"] in page
    act(staff, "revoke", key)
    key.refresh_from_db()
    assert key.state() is State.REVOKED
