"""One of the compared packages as a site, run by the tests: `python peers.py NAME`.

The site is as the documentation of the package says, with an MCP endpoint at `/mcp`. Prints JSON:
the answers to the requests that a client sends before it has a token.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

ORIGIN = "https://app.example.com"
PRM = "/.well-known/oauth-protected-resource"
ASM = "/.well-known/oauth-authorization-server"
PATHS = {
    "PRM": PRM,
    "PRM of the path": f"{PRM}/mcp",
    "PRM of no resource": f"{PRM}/nowhere",
    "AS metadata": ASM,
    "AS metadata of a path": f"{ASM}/oauth",
    "openid-configuration": "/.well-known/openid-configuration",
    "JWK Set": "/.well-known/jwks.json",
}
DRF = "oauth2_provider.contrib.rest_framework"


class Peer(NamedTuple):
    apps: list[str]
    # Called after the apps are ready.
    urls: Callable[[], list[Any]]
    settings: dict[str, Any]


def ours() -> list[Any]:
    protection = import_module("mcp_oauth_discovery.protection")
    protected = protection.bearer_required("/mcp", scope="mcp")(lambda request: HttpResponse())
    return [path("", include("mcp_oauth_discovery.urls")), path("mcp", protected)]


def toolkit() -> list[Any]:
    decorators = import_module("oauth2_provider.decorators")
    protected = decorators.protected_resource_metadata()(lambda request: HttpResponse())
    return [path("", include("oauth2_provider.urls")), path("mcp", protected)]


def mcpz() -> list[Any]:
    server = import_module("django_mcpz.server")
    auth = import_module("django_mcpz.oauth.auth").oauth_auth
    return [
        path("", include("django_mcpz.oauth.wellknown")),
        path("oauth/", include("django_mcpz.oauth.urls")),
        path("mcp", server.MCPServer(name="example", version="1.0", auth=auth)),
    ]


def mcp_oauth() -> list[Any]:
    resource = import_module("django_mcp_oauth.resource")
    headers = {"WWW-Authenticate": resource.www_authenticate(include_error=False)}
    return [
        *import_module("django_mcp_oauth.urls").urlpatterns,
        path("mcp", lambda request: HttpResponse(status=401, headers=headers)),
    ]


def allauth() -> list[Any]:
    contrib = import_module("allauth.idp.oidc.contrib.rest_framework.authentication")
    view = import_module("rest_framework.views").APIView.as_view(
        authentication_classes=[contrib.TokenAuthentication],
        permission_classes=[import_module("rest_framework.permissions").IsAuthenticated],
    )
    return [path("", include("allauth.idp.urls")), path("mcp", view)]


def drf_mcp_server() -> list[Any]:
    server = import_module("rest_framework_mcp").MCPServer(name="example")
    build = import_module("rest_framework_mcp.contrib.oauth").build_oauth_urlpatterns
    return [path("mcp", server.urls), *build(server=server, include_dcr=True)]


def mcp_server() -> list[Any]:
    return [path("", include("mcp_server.urls"))]


def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def peers(pem: str) -> dict[str, Peer]:
    """Return the packages, with all their documents and ways to register enabled."""
    everything = {"DCR_ENABLED": True, "CIMD_ENABLED": True}
    oidc = {"OIDC_ENABLED": True, "OIDC_RSA_PRIVATE_KEY": pem}
    idp = {"PRIVATE_KEY": pem, **everything}
    server = {"name": "example", "authorization_servers": [ORIGIN]}
    return {
        "django-mcp-oauth-discovery": Peer(["mcp_oauth_discovery"], ours, {"MCP_ISSUER": ORIGIN}),
        "django-oauth-toolkit": Peer(
            ["oauth2_provider"], toolkit, {"OAUTH2_PROVIDER": {**everything, **oidc}}
        ),
        "django-mcpz": Peer(["django_mcpz.oauth"], mcpz, {}),
        "django-mcp-oauth": Peer(
            ["django_mcp_oauth"],
            mcp_oauth,
            {
                "MCP_OAUTH_ISSUER": ORIGIN,
                "MCP_RESOURCE_URL": f"{ORIGIN}/mcp",
                "MCP_OAUTH_PRIVATE_KEY": pem,
            },
        ),
        "django-allauth": Peer(
            ["allauth", "allauth.account", "allauth.idp.oidc", "rest_framework"],
            allauth,
            {
                "MIDDLEWARE": ["allauth.account.middleware.AccountMiddleware"],
                **{f"IDP_OIDC_{name}": one for name, one in idp.items()},
            },
        ),
        "djangorestframework-mcp-server": Peer(
            ["oauth2_provider", "rest_framework"],
            drf_mcp_server,
            {"REST_FRAMEWORK_MCP": {"RESOURCE_URL": f"{ORIGIN}/mcp", "SERVER_INFO": server}},
        ),
        "django-mcp-server": Peer(
            ["oauth2_provider", "rest_framework", "mcp_server"],
            mcp_server,
            {"DJANGO_MCP_AUTHENTICATION_CLASSES": [f"{DRF}.OAuth2Authentication"]},
        ),
    }


def start(peer: Peer) -> None:
    urlconf = types.ModuleType("urlconf")
    sys.modules["urlconf"] = urlconf
    apps = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
    settings.configure(
        SECRET_KEY="-" * 50,
        ALLOWED_HOSTS=["app.example.com"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[*apps, *peer.apps],
        ROOT_URLCONF="urlconf",
        **peer.settings,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    urlconf.urlpatterns = peer.urls()  # type: ignore[attr-defined]


def observed() -> dict[str, Any]:
    client = Client(headers={"host": "app.example.com"}, raise_request_exception=False)
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"mcp-protocol-version": "2025-11-25"}
    endpoint = client.post("/mcp", message, "application/json", headers=headers, secure=True)
    answers = {what: client.get(where, secure=True) for what, where in PATHS.items()}
    documents = {
        what: answer.json() for what, answer in answers.items() if answer.status_code == 200
    }
    members: dict[str, Any] = {}
    for document in documents.values():
        members |= document
    cors = [bool(answers[what].get("access-control-allow-origin")) for what in documents]
    return {
        "served": list(documents),
        "browsers": bool(cors) and all(cors),
        "DCR": "registration_endpoint" in members,
        "CIMD": members.get("client_id_metadata_document_supported", False),
        "status": endpoint.status_code,
        "challenge": endpoint.get("www-authenticate", ""),
    }


if __name__ == "__main__":
    start(peers(private_key())[sys.argv[1]])
    print(json.dumps(observed()))  # noqa: T201
