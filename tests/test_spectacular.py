"""drf-spectacular, the real one, makes a schema of protected views without a warning."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from django.urls import path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication, TokenAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response

from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerChallengeMixin,
    BearerViewMixin,
    HasScope,
)
from mcp_oauth_discovery.protection import BearerProtection, find_user


class MCPAuthentication(BearerAuthentication):
    protection = BearerProtection("/mcp", scope="mcp", user=find_user)


# Another application may have a class of the same name.
OTHER = type("MCPAuthentication", (BearerAuthentication,), {"protection": BearerProtection("/b")})


class Either(BearerAuthentication):
    protection = BearerProtection("/mcp", dpop="accept")


class Bound(BearerAuthentication):
    protection = BearerProtection("/mcp", dpop="require")


class Foreign(BearerChallengeMixin, BaseAuthentication):
    def authenticate(self, request):
        return None


class Tokens(BearerChallengeMixin, TokenAuthentication):
    keyword = "Token"


class OwnAuthentication(BearerAuthentication):
    """One that the project describes itself."""


class OwnScheme(OpenApiAuthenticationExtension):
    target_class = OwnAuthentication
    name = "own"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class Hello(serializers.Serializer):
    hello = serializers.CharField()


class View(BearerViewMixin, GenericAPIView):
    # What DEFAULT_SCHEMA_CLASS says in a project.
    schema = AutoSchema()
    serializer_class = Hello
    permission_classes = [HasScope]

    def post(self, request):
        return Response({"hello": "you"})


CLASSES = {
    "bearer": BearerAuthentication,
    "subclass": MCPAuthentication,
    "namesake": OTHER,
    "either": Either,
    "bound": Bound,
    "foreign": Foreign,
    "tokens": Tokens,
    "own": OwnAuthentication,
}
urlpatterns = [
    path(name, type(name.title(), (View,), {"authentication_classes": [one]}).as_view())
    for name, one in CLASSES.items()
]
BEARER = {"type": "http", "scheme": "bearer"}


@pytest.fixture
def schema(settings):
    settings.ROOT_URLCONF = __name__
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework", "drf_spectacular"]
    out = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    return yaml.safe_load(out.getvalue())


@pytest.mark.parametrize(
    ("name", "scheme", "definition"),
    [
        ("bearer", "mcpBearer", BEARER),
        ("subclass", "mcpBearer", BEARER),
        ("namesake", "mcpBearer", BEARER),
        ("foreign", "mcpBearer", BEARER),
        ("own", "own", {**BEARER, "bearerFormat": "JWT"}),
    ],
)
def test_schema_names_the_authentication(schema, name, scheme, definition):
    assert schema["paths"][f"/{name}"]["post"]["security"] == [{scheme: []}]
    assert schema["components"]["securitySchemes"][scheme] == definition


@pytest.mark.parametrize(
    ("name", "schemes"), [("either", ["mcpBearer", "mcpDPoP"]), ("bound", ["mcpDPoP"])]
)
def test_schema_names_each_scheme_that_a_protection_accepts(schema, name, schemes):
    security = schema["paths"][f"/{name}"]["post"]["security"]
    assert security == [{scheme: []} for scheme in schemes]
    definition = schema["components"]["securitySchemes"]["mcpDPoP"]
    assert definition == {"type": "http", "scheme": "dpop"}


def test_class_that_drf_spectacular_knows_is_described_by_it(schema):
    [security] = schema["paths"]["/tokens"]["post"]["security"]
    assert list(security) == ["tokenAuth"]


ALONE = """
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes",
                                   "drf_spectacular", "mcp_oauth_discovery"],
                   REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [
                       "mcp_oauth_discovery.contrib.rest_framework.BearerAuthentication"]})
django.setup()
from drf_spectacular.extensions import OpenApiAuthenticationExtension
print([one.__name__ for one in OpenApiAuthenticationExtension._registry])
"""


def test_extension_is_there_without_a_setting():
    shown = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True)
    assert "BearerScheme" in shown.stdout, shown.stderr
