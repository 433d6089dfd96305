"""Django projects with one setting, one middleware or one route too many, or too few."""

from __future__ import annotations

import re

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path
from django.utils.module_loading import import_string
from django.views.generic import RedirectView

from tests.gallery.projects import (
    COMMON,
    CORS,
    CSRF,
    LOCALE,
    LOGIN_REQUIRED,
    OURS,
    SECURITY,
    SESSION,
    Project,
    asgi,
    broken,
    view,
)


@broken("redirect-slash", says=("APPEND_SLASH",))
def endpoint_is_routed_with_a_slash(project: Project) -> None:
    project.with_endpoint("mcp/")


@broken("redirect-slash", "prm-resource-not-exact", path="/mcp/")
def endpoint_is_advertised_with_a_slash(project: Project) -> None:
    """Users are told /mcp/, and it is a redirect of their own to /mcp."""
    project.without(CSRF)
    project.urls = lambda: [
        *project.all_urls(),
        path("mcp/", RedirectView.as_view(url="/mcp")),
    ]


@broken("redirect-https", says=("SECURE_PROXY_SSL_HEADER",))
def everything_is_sent_to_https(project: Project) -> None:
    project.set(SECURE_SSL_REDIRECT=True)
    project.without(OURS)
    project.first(SECURITY)


@broken("redirect-language", says=("i18n_patterns",))
def endpoint_has_a_language(project: Project) -> None:
    project.middleware.insert(project.middleware.index(COMMON), LOCALE)
    project.set(USE_I18N=True, LANGUAGE_CODE="en", LANGUAGES=[("en", "English"), ("de", "Deutsch")])
    project.urls = lambda: [
        *project.discovery_urls(),
        *project.oauth_urls(),
        *i18n_patterns(*project.endpoint_urls()),
    ]


@broken("redirect-language")
def documents_have_a_language(project: Project) -> None:
    project.middleware.insert(project.middleware.index(COMMON), LOCALE)
    project.without(OURS)
    project.set(USE_I18N=True, LANGUAGE_CODE="en", LANGUAGES=[("en", "English"), ("de", "Deutsch")])
    project.urls = lambda: [
        *project.endpoint_urls(),
        *project.oauth_urls(),
        *i18n_patterns(*project.discovery_urls()),
    ]


@broken("redirect-www", says=("PREPEND_WWW",))
def everything_is_sent_to_www(project: Project) -> None:
    project.set(PREPEND_WWW=True)
    project.without(OURS)


@broken("endpoint-get")
def project_streams_events_to_everybody(project: Project) -> None:
    project.server = asgi
    project.with_endpoint("mcp", "open_events")


@broken("redirect-login", says=("login_not_required",))
def endpoint_wants_a_login(project: Project) -> None:
    project.middleware.append(LOGIN_REQUIRED)
    project.with_endpoint("mcp", "behind_a_login")


@broken("redirect-login")
def documents_by_hand_want_a_login(project: Project) -> None:
    project.middleware.append(LOGIN_REQUIRED)
    project.without(OURS)
    project.urls = lambda: [
        re_path("^.well-known/", view("document_by_hand")),
        path("accounts/login/", view("login")),
        *project.endpoint_urls(),
        *project.oauth_urls(),
    ]


@broken("endpoint-csrf", says=("csrf_exempt",))
def endpoint_wants_a_csrf_token(project: Project) -> None:
    project.with_endpoint("mcp", "csrf_protected")


@broken("endpoint-forbidden", says=("authentication_classes",))
def rest_framework_asks_the_session_first(project: Project) -> None:
    project.apps.append("rest_framework")
    project.urls = lambda: [
        *project.discovery_urls(),
        *project.oauth_urls(),
        path("mcp", import_string("tests.gallery.drf_views.Endpoint").as_view()),
    ]


@broken(
    "cors-document-preflight",
    says=("DiscoveryMiddleware first", "There is no Access-Control-Allow-Origin"),
    remarks=("cors-endpoint-closed",),
)
def cors_middleware_eats_preflights(project: Project) -> None:
    """django-cors-headers stands above our views, and knows other origins only."""
    project.without(OURS)
    project.set(CORS_ALLOW_ALL_ORIGINS=False, CORS_URLS_REGEX="^.*$")
    project.set(CORS_ALLOWED_ORIGINS=["https://app.example.net"])


@broken("cors-document-preflight", "cors-endpoint-headers")
def cors_middleware_does_not_know_the_protocol_version(project: Project) -> None:
    project.without(OURS)
    project.set(CORS_URLS_REGEX="^.*$")
    del project.settings["CORS_ALLOW_HEADERS"]


@broken("cors-exposed")
def cors_without_exposed_headers(project: Project) -> None:
    """The endpoint is a view by hand; our challenges say so themselves."""
    del project.settings["CORS_EXPOSE_HEADERS"]
    project.with_endpoint("mcp", "by_hand")


@broken("oauth-endpoint-cors", "cors-endpoint-preflight")
def no_cors_middleware(project: Project) -> None:
    project.without(CORS)
    project.with_endpoint("mcp", "behind_a_login")


@broken("host-reflected", says=("ALLOWED_HOSTS",))
def any_host_will_do(project: Project) -> None:
    del project.settings["MCP_ISSUER"]
    project.set(ALLOWED_HOSTS=["*"])


@broken("answer-bad-request", says=("ALLOWED_HOSTS",))
def host_is_not_allowed(project: Project) -> None:
    project.set(ALLOWED_HOSTS=["internal.example.com"])


@broken("document-cookie", "cache-vary")
def session_on_every_request(project: Project) -> None:
    """A document by hand, and a context processor that writes the session."""
    project.without(OURS)
    project.set(SESSION_SAVE_EVERY_REQUEST=True)
    project.set(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
    project.first(SESSION)
    project.middleware.append("tests.gallery.views.remember")


@broken("agent-dependent", says=("python-httpx",))
def user_agents_are_banned(project: Project) -> None:
    project.without(OURS)
    project.set(DISALLOWED_USER_AGENTS=[re.compile("python|Go-http|node")])


@broken("answer-server-error", "redirect-slash")
def no_slash_under_debug(project: Project) -> None:
    """Under DEBUG a POST without the slash is an error instead of a redirect."""
    project.set(DEBUG=True)
    project.with_endpoint("mcp/")


@broken("prm-not-found")
def discovery_below_a_prefix(project: Project) -> None:
    project.urls = lambda: [
        path("api/", include(project.discovery_urls())),
        *project.endpoint_urls(),
        *project.oauth_urls(),
    ]


@broken("endpoint-html", "oauth-endpoint-html")
def page_of_the_front_end_comes_first(project: Project) -> None:
    project.urls = lambda: [
        re_path(r"^(?!\.well-known)", view("page")),
        *project.all_urls(),
    ]


@broken("as-openid-incomplete")
def page_of_the_front_end_comes_last(project: Project) -> None:
    project.urls = lambda: [*project.all_urls(), re_path("", view("page"))]


@broken("oauth-endpoint-not-found", says=("URL pattern",))
def endpoints_are_announced_and_not_routed(project: Project) -> None:
    project.urls = lambda: [*project.discovery_urls(), *project.endpoint_urls()]


@broken("answer-server-error")
def database_is_away(project: Project) -> None:
    nowhere = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/nowhere/db.sqlite3"}
    project.set(DATABASES={"default": nowhere})


@broken("answer-server-error", says=("server_error",))
def issuer_with_a_query(project: Project) -> None:
    project.settings["MCP_ISSUER"] += "?tenant=1"


@broken("as-registration")
def clients_are_registered_by_hand(project: Project) -> None:
    project.set(MCP_AUTHORIZATION_SERVER_METADATA={"registration_endpoint": None})


@broken("prm-path-not-found")
def resource_is_the_issuer(project: Project) -> None:
    project.settings["MCP_RESOURCE"] = project.origin


@broken("jwks-unserved")
def algorithm_that_has_no_key_yet(project: Project) -> None:
    project.algorithms = ("EdDSA",)


@broken("oauth-endpoint-cors")
def token_endpoint_without_cors(project: Project) -> None:
    project.set(CORS_URLS_REGEX=r"^/mcp$")


@broken("oauth-endpoint-redirect")
def token_endpoint_without_its_slash(project: Project) -> None:
    announced = {f"{name}_endpoint": f"/o/{name}" for name in ("token", "registration")}
    project.set(MCP_AUTHORIZATION_SERVER_METADATA=announced)
    project.urls = lambda: [
        *project.all_urls(),
        path("o/token/", view("bad_request")),
        path("o/registration/", view("bad_request")),
    ]
