"""Django projects with one setting, one middleware or one route too many, or too few."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import path
from django.utils.module_loading import import_string

from tests.gallery.projects import (
    COMMON,
    LOCALE,
    LOGIN_REQUIRED,
    OURS,
    SECURITY,
    SESSION,
    Project,
    broken,
)


@broken("redirect-slash", says=("APPEND_SLASH",))
def endpoint_is_routed_with_a_slash(project: Project) -> None:
    project.with_endpoint("mcp/")


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


@broken("redirect-login", says=("login_not_required",))
def endpoint_wants_a_login(project: Project) -> None:
    project.middleware.append(LOGIN_REQUIRED)
    project.with_endpoint("mcp", "behind_a_login")


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


@broken("host-reflected", says=("ALLOWED_HOSTS",))
def any_host_will_do(project: Project) -> None:
    del project.settings["MCP_ISSUER"]
    project.set(ALLOWED_HOSTS=["*"])


@broken("answer-bad-request", says=("ALLOWED_HOSTS",))
def host_is_not_allowed(project: Project) -> None:
    project.set(ALLOWED_HOSTS=["internal.example.com"])


@broken("document-cookie", "cache-vary")
def session_on_every_request(project: Project) -> None:
    """A middleware that writes the session after the views have left the cookies out."""
    project.without(OURS)
    project.set(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
    project.first(SESSION)
    project.middleware.append("tests.gallery.views.remember")


@broken("redirect-slash", "answer-server-error")
def no_slash_under_debug(project: Project) -> None:
    """Under DEBUG a POST without the slash is an error instead of a redirect."""
    project.set(DEBUG=True)
    project.with_endpoint("mcp/")


@broken("jwks-empty", says=("Run manage.py mcp_keys rotate.",))
def project_without_any_key(project: Project) -> None:
    """What is announced by default cannot be signed."""
    project.algorithms = ()


@broken("jwks-unserved")
def algorithm_that_has_no_key_yet(project: Project) -> None:
    project.algorithms = ("EdDSA",)
