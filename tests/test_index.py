"""The index of MCP_RESOURCES: it finds what a plain loop finds, and follows each change."""

from __future__ import annotations

import enum

import pytest
from django.http import Http404

from mcp_oauth_discovery.challenge import resource_metadata_url
from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.identity import Resource, Site, index, listing
from mcp_oauth_discovery.identity.index import FEW, CurrentIndex, resource_index
from mcp_oauth_discovery.identity.lookup import UnknownResource, find_at, find_named, find_target
from mcp_oauth_discovery.standards.identifiers import split
from tests import ORIGIN, PRM
from tests.resources import find, identifiers

LONG = 1_000
SIZES = pytest.mark.parametrize("size", [1, FEW, FEW + 1, 100])


def entries(size):
    """Return so many entries, the first ones of which are the nearest to each other."""
    return {f"/r{number}/mcp": {"scopes_supported": ["mcp"]} for number in range(size)}


@pytest.fixture
def new_site(rf, settings):
    """Return the site as another request sees it."""
    settings.MCP_ISSUER = ORIGIN

    def new_site(host="app.example.com"):
        return Site(rf.get("/", secure=True, headers={"host": host}))

    return new_site


# What a plain loop over all resources finds


def loop_at(site, path, query):
    at_path = [each for each in site.resources if each.enabled and each.location.path == path]
    for selected in (query, ""):
        matches = [each for each in at_path if each.location.query == selected]
        if len(matches) > 1:
            matches = [each for each in matches if each.location.host == site.host]
        if matches:
            return matches[0]
    return None


def loop_named(site, name):
    named = [each for each in site.resources if name in (each.identifier, each.key)]
    if len(named) == 1:
        return named[0]
    origin = lambda each: split(each.identifier).origin  # noqa: E731
    at_path = [each for each in site.resources if each.identifier == f"{origin(each)}{name}"]
    return at_path[0] if len(at_path) == 1 else None


def loop_default(site, identifier):
    return next((each for each in site.resources if each.identifier == identifier), None)


OFF = {"enabled": False}
NASTY = {
    "/a": {"n": 1},
    "/a/b/": {},
    "/a/b//": {},
    "/": {},
    "/caf%C3%A9": {},
    "/%7Ejoe%20x/mcp": {},
    "/A": {},
    "/q": {},
    "/q?t=1": {},
    "/q?t=2": OFF,
    "/only?t=1": {},
    "/p%3Fx": {},
    "/off": OFF,
    "/shared": {},
    "https://other.example.com/shared": {},
    "https://off.example.com/shared": OFF,
    "https://OTHER.example.com:443/two": {},
    "https://b.example.com:8443/two": {},
    "https://b.example.com/two": OFF,
    "https://other.example.com/three": {},
    "https://b.example.com/three": {},
    "https://bare.example.com": {},
    "https://bare.example.com?t=1": {},
    "https://app.example.com:8443/port": {},
    "https://app.example.com/own": {},
    "https://app.example.com/half": OFF,
    "https://other.example.com/half": {},
}
PATHS = [
    *[
        "",
        "/",
        "/a",
        "/a/",
        "/a/b",
        "/a/b/",
        "/A",
        "/q",
        "/only",
        "/off",
        "/shared",
        "/two",
        "/three",
    ],
    *["/café", "/caf%C3%A9", "/~joe x/mcp", "/p?x", "/port", "/own", "/half", "/mcp", "/none"],
]
QUERIES = ["", "t=1", "t=2", "t=3"]
NAMES = [
    *NASTY,
    *PATHS,
    *[f"{ORIGIN}{path}" for path in PATHS],
    *["https://other.example.com/two", "/q?t=3", "?t=1", "//a", 7, ["/a"], ("/a",)],
]
DEFAULTS = [
    None,
    "{origin}/mcp",
    "{origin}/a",
    "{origin}/q?t=3",
    "{origin}/off",
    "https://app.example.com/own",
    "https://third.example.com/two",
    "https://third.example.com/q?t=1",
]
HOSTS = ["app.example.com", "b.example.com:8443", "b.example.com", "third.example.com"]


@pytest.mark.parametrize("filler", [0, 20], ids=["few", "many"])
@pytest.mark.parametrize("default", DEFAULTS)
@pytest.mark.parametrize("issuer", [ORIGIN, None, "https://APP.example.com:443/t1"])
def test_index_finds_what_a_loop_finds(settings, new_site, issuer, default, filler):
    default = default and default.format(origin=split(issuer or ORIGIN).origin)
    settings.MCP_ISSUER, settings.MCP_RESOURCE = issuer, default
    settings.MCP_RESOURCES = {**NASTY, **entries(filler)}
    assert new_site().default_resource == loop_default(new_site(), default)
    for host in [*HOSTS, "other.example.com"] if issuer else HOSTS:
        for path in PATHS:
            for query in QUERIES:
                site, looped = new_site(host), new_site(host)
                assert find_at(site, path, query) == loop_at(looped, path, query), (path, query)
                assert site.is_pinned == looped.is_pinned, (host, path, query)
    for name in NAMES:
        assert find_named(new_site(), name) == loop_named(new_site(), name), name


@pytest.mark.parametrize("path", ["/q", "/half", "/off", "/two", "/three"])
def test_path_that_only_others_have_is_no_default(settings, new_site, rf, path):
    settings.MCP_RESOURCES = NASTY
    request = rf.get(path, {"t": "2"}, secure=True, headers={"host": "third.example.com"})
    if path in ("/off", "/two", "/three"):
        with pytest.raises(Http404):
            find_target(request)
    else:
        assert find_target(request).location.path == path


@pytest.mark.parametrize(
    ("listed", "default", "path"),
    [
        (["/a", "/a/"], None, "/a"),
        (["/a", f"{ORIGIN}/a"], None, "/a"),
        ([f"{ORIGIN}/a", "/a"], None, "/a"),
        (["https://h/a", "https://H:443/a/"], None, "/a"),
        (["/a/"], f"{ORIGIN}/a", "/a"),
        ([f"{ORIGIN}/a/"], f"{ORIGIN}/a", "/a"),
        (["/a?t=1", "/%61?t=1"], None, "/a"),
    ],
)
def test_look_up_at_a_shared_location_raises_what_all_raise(
    settings, new_site, listed, default, path
):
    settings.MCP_RESOURCES, settings.MCP_RESOURCE = {key: {} for key in listed}, default
    with pytest.raises(Misconfigured) as expected:
        _ = new_site().resources
    for look_up in (
        lambda site: find_at(site, path, "t=1"),
        lambda site: find_named(site, listed[0]),
    ):
        with pytest.raises(Misconfigured) as caught:
            look_up(new_site())
        assert str(caught.value) == str(expected.value)


@pytest.mark.parametrize(
    "look_up",
    [lambda site: site.default_resource, lambda site: find_named(site, f"{ORIGIN}/a")],
    ids=["default", "named"],
)
def test_shared_location_concerns_no_other_resource(settings, new_site, look_up):
    settings.MCP_RESOURCE = f"{ORIGIN}/a"
    settings.MCP_RESOURCES = {"/a": {}, f"{ORIGIN}/a": {}, "/b": {}}
    with pytest.raises(Misconfigured, match="share one metadata URL"):
        look_up(new_site())
    assert find(new_site(), "/b") == f"{ORIGIN}/b"


@pytest.mark.parametrize("size", [1, 100])
def test_member_of_an_enumeration_is_a_key_and_a_name(settings, new_site, size):
    class Names(str, enum.Enum):
        FILES = "/files"

    settings.MCP_RESOURCES = {Names.FILES: {}, **entries(size)}
    for name in (Names.FILES, "/files", f"{ORIGIN}/files"):
        assert find_named(new_site(), name).identifier == f"{ORIGIN}/files"


@pytest.mark.parametrize("keys", [("/a", "/a/"), ("https://h/a", "https://H:443/a")])
def test_keys_that_share_a_location_for_every_issuer_concern_all_look_ups(settings, new_site, keys):
    settings.MCP_RESOURCES = {**{key: {} for key in keys}, "/b": {}}
    for look_up in (lambda site: find(site, "/b"), lambda site: site.default_resource):
        with pytest.raises(Misconfigured, match="share one metadata URL"):
            look_up(new_site())


# Changes


@SIZES
@pytest.mark.parametrize(
    "change",
    [
        lambda listed: listed["/r0/mcp"]["scopes_supported"].append("new"),
        lambda listed: listed["/r0/mcp"].update(resource_name="New"),
        lambda listed: listed.update({"/r0/mcp": {"resource_name": "New"}}),
        lambda listed: listed["/r0/mcp"].clear(),
    ],
    ids=["nested", "member", "replaced", "emptied"],
)
def test_members_changed_in_place_take_effect(settings, new_site, size, change):
    settings.MCP_RESOURCES = listed = entries(size)
    before = find_at(new_site(), "/r0/mcp", "")
    old = resource_index()
    assert old.is_current(before)
    change(listed)
    assert resource_index() is not old or not old.is_current(before)
    assert find_at(new_site(), "/r0/mcp", "").members == listed["/r0/mcp"]
    assert resource_index() is not old


@SIZES
def test_resource_disabled_and_enabled_in_place(settings, new_site, size):
    settings.MCP_RESOURCES = listed = entries(size)
    for enabled in (False, True):
        listed["/r0/mcp"]["enabled"] = enabled
        assert (find(new_site(), "/r0/mcp") is not None) is enabled
        assert find_named(new_site(), "/r0/mcp").enabled is enabled


@SIZES
def test_resource_enabled_in_place_under_another_spelling_of_its_path(settings, new_site, size):
    settings.MCP_RESOURCES = listed = {**entries(size), "/a%20b/": {"enabled": False}}
    assert find(new_site(), "/a b") is None
    listed["/a%20b/"]["enabled"] = True
    assert find(new_site(), "/a b") == f"{ORIGIN}/a%20b/"


@SIZES
def test_uri_added_in_place_takes_effect(settings, new_site, size):
    settings.MCP_RESOURCES = listed = entries(size)
    assert find(new_site(), "/a") is None
    listed["https://other.example.com/a"] = {}
    assert find(new_site(), "/a") == "https://other.example.com/a"


@SIZES
def test_entry_removed_and_added_in_place(settings, new_site, size):
    settings.MCP_RESOURCES = listed = entries(size)
    assert find(new_site(), "/r0/mcp") == f"{ORIGIN}/r0/mcp"
    members = listed.pop("/r0/mcp")
    assert find(new_site(), "/r0/mcp") is None
    listed["/r0/mcp"] = members
    assert find(new_site(), "/r0/mcp") == f"{ORIGIN}/r0/mcp"


@SIZES
def test_entry_swapped_for_another_in_place(settings, new_site, size):
    settings.MCP_RESOURCES = listed = entries(size)
    assert find(new_site(), "/new") is None
    listed["/new"] = listed.pop("/r0/mcp")
    assert find(new_site(), "/new") == f"{ORIGIN}/new"
    assert find(new_site(), "/r0/mcp") is None
    assert find_named(new_site(), "/new") is not None


@SIZES
def test_uri_in_place_of_another_entry_takes_effect(settings, new_site, size):
    settings.MCP_RESOURCES = listed = entries(size)
    assert find(new_site(), "/new") is None
    listed[f"{ORIGIN}/new"] = listed.pop("/r0/mcp")
    assert find(new_site(), "/new") == f"{ORIGIN}/new"


@SIZES
def test_default_resource_follows_a_swap_in_place(settings, new_site, size):
    settings.MCP_RESOURCES = listed = entries(size)
    settings.MCP_RESOURCE = f"{ORIGIN}/r0/mcp"
    assert new_site().default_resource.members
    listed["/new"] = listed.pop("/r0/mcp")
    assert new_site().default_resource == Resource(f"{ORIGIN}/r0/mcp", {})
    listed["/r0/mcp"] = listed.pop("/new")
    assert new_site().default_resource.members


@SIZES
def test_replaced_setting_takes_effect(settings, new_site, size):
    settings.MCP_RESOURCES = entries(size)
    assert find(new_site(), "/r0/mcp")
    settings.MCP_RESOURCES = {"/other": {}}
    assert identifiers(new_site()) == [f"{ORIGIN}/other"]


def test_setting_that_becomes_invalid_during_a_request_is_an_error(settings, new_site):
    settings.MCP_RESOURCES = entries(100)
    site = new_site()
    assert find(site, "/r0/mcp")
    settings.MCP_RESOURCES = ["/r0/mcp"]
    with pytest.raises(Misconfigured, match="expected a dict"):
        find(site, "/r0/mcp")


@SIZES
def test_equal_setting_keeps_the_index(settings, size):
    settings.MCP_RESOURCES = entries(size)
    first = resource_index()
    settings.MCP_RESOURCES = entries(size)
    assert resource_index() is first
    assert resource_index() is first


@SIZES
def test_true_is_another_value_than_one(settings, size):
    settings.MCP_RESOURCES = {**entries(size), "/x": {"x": 1}}
    first = resource_index()
    settings.MCP_RESOURCES = {**entries(size), "/x": {"x": True}}
    assert resource_index() is not first


@pytest.mark.parametrize("size", [1, 100])
def test_setting_that_is_no_plain_data_is_read_each_time(settings, new_site, size):
    settings.MCP_RESOURCES = listed = {**entries(size), "/x": {"x": object()}}
    assert resource_index() is not resource_index()
    listed["/x"]["enabled"] = False
    assert find(new_site(), "/x") is None


def test_long_setting_is_compared_as_a_whole_once_a_second(settings):
    now = 0.0
    current = CurrentIndex(lambda: now)
    settings.MCP_RESOURCES = listed = entries(100)
    first = current()
    # No look-up concerns this entry.
    listed["/r99/mcp"]["resource_name"] = "New"
    now = 0.9
    assert current() is first
    now = 1.0
    second = current()
    assert second is not first
    now = 1.9
    assert current() is second


def test_resource_that_is_no_entry_is_current_until_it_is_one(settings, new_site):
    settings.MCP_RESOURCES = listed = entries(100)
    resource = Resource(f"{ORIGIN}/mcp", {})
    old = resource_index()
    assert old.is_current(resource)
    listed["/mcp"] = listed.pop("/r0/mcp")
    assert not old.is_current(resource)


def test_callable_is_called_once_although_the_setting_changes(settings, new_site):
    calls = []
    settings.MCP_RESOURCE = lambda request: calls.append(request) or f"{ORIGIN}/mcp"
    settings.MCP_RESOURCES = listed = entries(100)
    site = new_site()
    assert find(site, "/r0/mcp")
    listed["/r0/mcp"]["enabled"] = False
    assert find(site, "/r0/mcp") is None
    assert len(calls) == 1


# What is kept between requests


def test_look_ups_that_find_nothing_leave_nothing_behind(settings, new_site):
    settings.MCP_RESOURCES = entries(20)
    listing = new_site().listing
    for number in range(1000):
        find(new_site(), f"/none{number}")
        find(new_site(), "/r0/mcp", f"q={number}")
        find_named(new_site(), f"/none{number}")
    assert new_site().listing is listing
    assert find(new_site(), "/r0/mcp") == f"{ORIGIN}/r0/mcp"
    assert find_named(new_site(), "/r0/mcp").identifier == f"{ORIGIN}/r0/mcp"
    assert (list(listing._at), list(listing._named)) == (["/r0/mcp"], ["/r0/mcp"])  # noqa: SLF001


@pytest.mark.parametrize("issuer", [None, lambda request: f"https://{request.get_host()}"])
def test_nothing_about_a_request_is_kept(settings, new_site, issuer):
    settings.MCP_RESOURCES = {"/a": {}}
    pinned = new_site().listing
    settings.MCP_ISSUER = issuer
    for host in ("a.example.com", "b.example.com"):
        assert find(new_site(host), "/a") == f"https://{host}/a"
        assert find_named(new_site(host), "/a").identifier == f"https://{host}/a"
    settings.MCP_ISSUER = ORIGIN
    assert new_site().listing is pinned


# What a look-up costs


@pytest.fixture
def touched(monkeypatch):
    """Count the calls that read or judge an entry."""
    calls = []

    def counted(module, name):
        function = getattr(module, name)

        def count(*args):
            calls.append(name)
            return function(*args)

        monkeypatch.setattr(module, name, count)

    counted(index, "_read")
    counted(index, "locate")
    counted(index, "fingerprint")
    counted(listing, "locate")
    counted(listing, "Resource")
    return calls


@pytest.mark.parametrize("issuer", [ORIGIN, None])
@pytest.mark.parametrize("kind", ["path", "name", "identifier", "default", "nowhere", "hosts"])
def test_look_up_touches_as_much_with_17_entries_as_with_1_000(
    settings, new_site, touched, rf, issuer, kind
):
    settings.MCP_ISSUER = issuer
    settings.MCP_RESOURCE = f"{ORIGIN}/r1/mcp" if kind == "default" else None
    name = {"name": "/r1/mcp", "identifier": f"{ORIGIN}/r1/mcp"}.get(kind)
    path = "/r1/mcp" if kind == "path" else "/shared" if kind == "hosts" else "/nowhere"
    host = "h1.example.com" if kind == "hosts" else "app.example.com"
    costs = []
    for size in (FEW + 1, LONG):
        if kind == "hosts":
            listed = {f"https://h{number}.example.com/shared": {} for number in range(size)}
        else:
            listed = entries(size)
        settings.MCP_RESOURCES = listed
        resource_index()
        touched.clear()
        request = rf.get(path, secure=True, headers={"host": host})
        if kind == "nowhere":
            with pytest.raises(UnknownResource):
                resource_metadata_url(request)
        else:
            assert PRM in resource_metadata_url(request, name)
        costs.append(len(touched))
    assert costs[0] == costs[1]
    assert costs[0] < 25


def test_unknown_name_is_an_error_of_moderate_length(settings, new_site, rf):
    settings.MCP_RESOURCES = entries(LONG)
    with pytest.raises(UnknownResource) as caught:
        find_target(rf.get("/"), "/none", new_site())
    assert f"{ORIGIN}/r9/mcp and 990 more. " in str(caught.value)
    assert "/r10/mcp" not in str(caught.value)
