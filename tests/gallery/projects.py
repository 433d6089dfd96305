"""A healthy Django project; an exhibit breaks it in one place. Nothing here needs settings yet."""

from __future__ import annotations

import asyncio
import socket
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
import uvicorn
from django.apps import apps
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import include, path
from django.utils.module_loading import import_string
from gunicorn.app.base import BaseApplication

from mcp_oauth_discovery.cors import MCP_EXPOSED_HEADERS, MCP_REQUEST_HEADERS
from tests.gallery.exhibits import DJANGO, Exhibit, show

OURS = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
CORS = "corsheaders.middleware.CorsMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"

Plant = Callable[["Project"], Any]


class Project:
    """What a project is made of; `urls` makes its patterns once the apps are loaded."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.apps = [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "corsheaders",
            "mcp_oauth_discovery",
        ]
        self.middleware = [OURS, CORS, SECURITY, SESSION, COMMON, CSRF, AUTHENTICATION]
        self.settings: dict[str, Any] = {
            "SECRET_KEY": "of a project that lives for one visit",
            "ALLOWED_HOSTS": ["127.0.0.1", ".example.com"],
            "CORS_ALLOW_ALL_ORIGINS": True,
            "CORS_URLS_REGEX": r"^/(.*/)?(mcp/?|oauth/.*|o/.*)$",
            "CORS_ALLOW_HEADERS": MCP_REQUEST_HEADERS,
            "CORS_EXPOSE_HEADERS": MCP_EXPOSED_HEADERS,
            "MCP_ISSUER": origin,
            "MCP_AUTHORIZATION_SERVER_METADATA": {
                "client_id_metadata_document_supported": True,
                "authorization_response_iss_parameter_supported": True,
            },
            "TEMPLATES": [
                {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
            ],
            "USE_TZ": True,
            "LOGGING_CONFIG": None,
        }
        if origin.startswith("https:"):
            # Without a proxy that overwrites it, everybody could send it.
            self.settings["SECURE_PROXY_SSL_HEADER"] = ("HTTP_X_FORWARDED_PROTO", "https")
        self.urls: Callable[[], list[Any]] = self.all_urls
        self.server: Callable[[socket.socket], None] = wsgi
        self.algorithms: tuple[str, ...] = ("RS256", "EdDSA")

    def all_urls(self) -> list[Any]:
        return [*self.discovery_urls(), *self.endpoint_urls(), *self.oauth_urls()]

    def discovery_urls(self) -> list[Any]:
        return [path("", include("mcp_oauth_discovery.urls"))]

    def endpoint_urls(self, route: str = "mcp", name: str = "endpoint") -> list[Any]:
        return [path(route, view(name))]

    def oauth_urls(self) -> list[Any]:
        names = ("authorize", "token", "register")
        return [path(f"oauth/mcp/{name}", view("bad_request")) for name in names]

    def with_endpoint(self, route: str, name: str = "endpoint") -> None:
        """Have another endpoint instead of the usual one."""
        self.urls = lambda: [
            *self.discovery_urls(),
            *self.oauth_urls(),
            *self.endpoint_urls(route, name),
        ]

    def set(self, **values: Any) -> None:
        self.settings.update(values)

    def without(self, *middleware: str) -> None:
        self.middleware = [one for one in self.middleware if one not in middleware]

    def first(self, middleware: str) -> None:
        self.without(middleware)
        self.middleware.insert(0, middleware)


def view(name: str) -> Any:
    """Return one of the views, which cannot be imported before the apps are loaded."""
    return import_string(f"tests.gallery.views.{name}")


def open_project(project: Project, listener: socket.socket, database: Path) -> None:
    """Configure Django in this process, make the tables, and serve until the process ends."""
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)}}
    given = {"DATABASES": databases, **project.settings}
    settings.configure(
        INSTALLED_APPS=project.apps,
        MIDDLEWARE=project.middleware,
        ROOT_URLCONF="urls_of_the_exhibit",
        **given,
    )
    django.setup()
    module: Any = types.ModuleType("urls_of_the_exhibit")
    sys.modules[module.__name__] = module
    module.urlpatterns = project.urls()
    if given["DATABASES"] is databases:
        _make_tables(project)
    project.server(listener)


def _make_tables(project: Project) -> None:
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            editor.create_model(model)
    for algorithm in project.algorithms if "mcp_oauth_discovery" in project.apps else ():
        call_command("mcp_keys", "rotate", "--algorithm", algorithm)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep the log for what fails."""


def wsgi(listener: socket.socket) -> None:
    """Serve by the server of the standard library."""
    server = WSGIServer(listener.getsockname(), _Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.server_name, server.server_port = listener.getsockname()
    server.setup_environ()
    server.set_app(get_wsgi_application())
    server.serve_forever()


def asgi(listener: socket.socket) -> None:
    """Serve by uvicorn."""
    config = uvicorn.Config(get_asgi_application(), lifespan="off", log_level="critical")
    asyncio.run(uvicorn.Server(config).serve([listener]))


def gunicorn(listener: socket.socket) -> None:
    """Serve by gunicorn, with a worker."""

    class Application(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            self.cfg.set("bind", f"fd://{listener.fileno()}")

        def load(self) -> Any:
            return get_wsgi_application()

    Application().run()


def broken(*codes: str, **options: Any) -> Callable[[Plant], Plant]:
    """Put a project on show that a function breaks; what is found there are the codes."""

    def add(plant: Plant) -> Plant:
        def build(origin: str) -> Project:
            project = Project(origin)
            plant(project)
            return project

        show(Exhibit(plant.__name__, DJANGO, build, codes, **options))
        return plant

    return add


def healthy(**options: Any) -> Callable[[Plant], Plant]:
    """Put a project on show that nothing is wrong with, whatever a function does to it."""
    return broken(**options)
