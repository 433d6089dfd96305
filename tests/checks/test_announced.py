"""The members about DPoP in the metadata of a resource, which come from its views."""

from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.core.exceptions import ImproperlyConfigured
from django.urls import include, path
from rest_framework.views import APIView

from mcp_oauth_discovery.checks import announced
from mcp_oauth_discovery.checks.routes import example_site
from mcp_oauth_discovery.contrib.rest_framework import BearerAuthentication
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.identity.lookup import find_named
from mcp_oauth_discovery.protection import BearerProtection, BearerRequiredMixin, bearer_required
from tests.checks.conftest import OURS
from tests.checks.protected import Plain
from tests.urls import page

ALGORITHMS = {"dpop_signing_alg_values_supported": ["ES256", "EdDSA", "RS256"]}
REQUIRED = {**ALGORITHMS, "dpop_bound_access_tokens_required": True}
NOTHING = {}


def view(dpop, name="/mcp"):
    return bearer_required(name, dpop=dpop)(page)


@pytest.fixture
def said(healthy_site):
    """Return what the metadata of a resource says about DPoP."""

    def said(name="/mcp"):
        site = example_site()
        document = documents.resource_document(site, find_named(site, name))
        return {name: value for name, value in document.items() if name.startswith("dpop_")}

    return said


@pytest.mark.parametrize(
    ("modes", "members"),
    [
        ([None], NOTHING),
        (["accept"], ALGORITHMS),
        (["require"], REQUIRED),
        (["require", "require"], REQUIRED),
        (["require", "accept"], ALGORITHMS),
        (["require", None], ALGORITHMS),
        (["accept", None], ALGORITHMS),
    ],
)
def test_members_are_what_all_views_of_the_resource_do(urlconf, said, modes, members):
    urlconf(OURS, *[path(f"view/{at}", view(mode)) for at, mode in enumerate(modes)])
    assert said() == members


def test_document_without_dpop_is_as_before(urlconf, said):
    urlconf(OURS, path("mcp", view(None)))
    site = example_site()
    assert documents.resource_document(site, site.default_resource) == {
        "resource": "https://app.example.com/mcp",
        "authorization_servers": ["https://app.example.com"],
        "bearer_methods_supported": ["header"],
    }


def test_other_resource_announces_nothing(urlconf, said, settings):
    settings.MCP_RESOURCES = {"/files": {}, "/mail": {}}
    urlconf(OURS, path("f", view("require", "/files")), path("m", view(None, "/mail")))
    assert said("/files") == REQUIRED
    assert said("/mail") == NOTHING


def test_view_without_a_name_is_of_the_resource_at_its_path(urlconf, said, settings):
    settings.MCP_RESOURCES = {"/files": {}, "/mail": {}}
    urlconf(OURS, path("files/", view("require", None)), path("mail", view("accept", None)))
    assert said("/files") == REQUIRED
    assert said("/mail") == ALGORITHMS


def test_view_at_another_path_is_of_the_default_resource(urlconf, said):
    urlconf(OURS, path("elsewhere", view("accept", None)))
    assert said() == ALGORITHMS


@pytest.mark.parametrize("end", ["", "/"])
def test_view_at_a_path_that_varies_is_of_each_resource_there(urlconf, said, settings, end):
    settings.MCP_RESOURCES = {"/a/mcp": {}, "/b/mcp": {}, "/c": {}}
    urlconf(OURS, path(f"<slug:tenant>/mcp{end}", view("require", None)))
    assert said("/a/mcp") == said("/b/mcp") == REQUIRED
    assert said("/c") == NOTHING


@pytest.mark.parametrize("mode", [None, "accept"])
def test_nothing_is_required_while_an_unknown_view_may_take_bearer(urlconf, said, mode):
    other = view(mode, None)
    urlconf(OURS, path("mcp", view("require")), path("<slug:tenant>/elsewhere", other))
    assert said() == ALGORITHMS


def test_unknown_view_alone_announces_nothing(urlconf, said):
    urlconf(OURS, *i18n_patterns(path("elsewhere", view("require", None))))
    assert said() == NOTHING


def test_prefix_of_the_site_is_before_the_paths_of_the_urlconf(urlconf, said, settings):
    settings.FORCE_SCRIPT_NAME = "/site"
    settings.MCP_RESOURCES = {"/site/files": {}, "/site/a/mcp": {}, "/mcp": {}}
    views = [path("files", view("accept", None)), path("<slug:x>/mcp", view("require", None))]
    urlconf(OURS, *views)
    assert said("/site/files") == ALGORITHMS
    assert said("/site/a/mcp") == REQUIRED
    assert said("/mcp") == NOTHING


@pytest.mark.parametrize("is_own", [True, False])
def test_proofs_that_another_class_should_verify_are_not_announced(urlconf, said, is_own):
    class Own(BearerAuthentication):
        protection = BearerProtection("/mcp", dpop="require")
        if is_own:

            def authenticate(self, request):
                raise NotImplementedError

    urlconf(OURS, path("mcp", _view_of(Own)))
    assert said() == (NOTHING if is_own else REQUIRED)


def _view_of(authentication):
    return type("API", (APIView,), {"authentication_classes": [authentication]}).as_view()


@pytest.mark.parametrize("written", [["ES256"], None])
@pytest.mark.parametrize("setting", ["MCP_RESOURCE_METADATA", "MCP_RESOURCES"])
def test_member_that_the_project_wrote_wins(urlconf, said, settings, setting, written):
    members = {"dpop_signing_alg_values_supported": written}
    members["dpop_bound_access_tokens_required"] = False
    setattr(settings, setting, members if setting.endswith("DATA") else {"/mcp": members})
    urlconf(OURS, path("mcp", view("require")))
    shown = {name: value for name, value in members.items() if value is not None}
    assert said() == shown


def test_fault_of_another_resource_is_not_reported_here(urlconf, said, settings):
    resources = {"/files": {}, "/mail": {}, "https://app.example.com/mail": {}}
    settings.MCP_RESOURCES = resources
    urlconf(OURS, path("files", view("require", "/files")), path("mail", view("accept", "/mail")))
    with pytest.raises(ImproperlyConfigured):
        find_named(example_site(), "/mail")
    assert said("/files") == ALGORITHMS


def test_views_are_read_once_for_each_urlconf(urlconf, said, monkeypatch):
    readings = []
    monkeypatch.setattr(announced, "routes", lambda: readings.append(1) or iter(()))
    urlconf(OURS, path("mcp", view("require")))
    assert said() == said() == NOTHING
    assert len(readings) == 1
    urlconf(OURS, path("mcp", view("accept")))
    assert said() == NOTHING
    assert len(readings) == 2


def test_views_of_another_host_count(by_host, said):
    by_host(OURS, path("mcp", view("require")))
    assert said() == REQUIRED


def test_included_views_count(urlconf, said):
    urlconf(OURS, path("api/", include([path("mcp", view("require"))])))
    assert said() == REQUIRED


def test_process_without_urls_announces_nothing(settings):
    settings.ROOT_URLCONF = ""
    assert announced.entrances() == ((), False)


def test_class_based_view_counts(urlconf, said):
    members = {"protection": BearerProtection("/mcp", dpop="require")}
    urlconf(OURS, path("mcp", type("Own", (BearerRequiredMixin, Plain), members).as_view()))
    assert said() == REQUIRED
