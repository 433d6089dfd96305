"""What each missing step says and has pasted, by what a project has."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from mcp_oauth_discovery.doctor.output.text import PLAIN
from mcp_oauth_discovery.management.init.project import (
    Endpoint,
    Files,
    Middleware,
    Server,
    Setup,
)
from mcp_oauth_discovery.management.init.report import Plan
from mcp_oauth_discovery.management.init.snippets import Where, pasted
from mcp_oauth_discovery.management.init.steps import steps

FILES = Files("mysite/settings.py", "mysite/urls.py", "mysite/views.py")
COMPLETE = Setup(FILES, Server.TOOLKIT, issuer="https://app.example.com")
NOTHING = replace(
    COMPLETE,
    has_package=False,
    has_apps=False,
    middleware=Middleware.MISSING,
    has_issuer=False,
    refused_hosts=("app.example.com",),
    has_resources=False,
    has_provider_settings=False,
    has_metadata=False,
    url_problems=("The URLs are missing.",),
    has_oauth_urls=False,
    endpoint=Endpoint.MISSING,
    has_migrated=False,
    has_keys=False,
)
OUTSIDE = {"server": Server.OUTSIDE, "providers": ("https://login.example.com",)}


def missing(setup):
    return [step for step in steps(setup) if not step.is_done]


def lines(setup, name):
    [step] = [step for step in missing(setup) if step.name == name]
    return pasted([step.snippet])


@pytest.mark.parametrize("server", Server)
def test_project_with_everything_lacks_nothing(server):
    setup = replace(COMPLETE, server=server, providers=("https://login.example.com",))
    assert missing(setup) == []


@pytest.mark.parametrize(
    ("server", "names"),
    {
        Server.TOOLKIT: "package apps middleware issuer hosts resources provider-settings "
        "authorization-server urls oauth-urls endpoint migrations keys",
        Server.ALLAUTH: "middleware issuer hosts resources authorization-server oauth-urls urls "
        "endpoint migrations",
        Server.OUTSIDE: "package middleware issuer hosts resources urls endpoint",
        Server.OWN: "middleware issuer hosts resources authorization-server urls endpoint "
        "migrations keys",
    }.items(),
)
def test_missing_steps_are_in_the_order_of_the_work(server, names):
    setup = replace(NOTHING, server=server, providers=("https://login.example.com",))
    assert [step.name for step in missing(setup)] == names.split()


@pytest.mark.parametrize("server", Server)
def test_every_line_to_paste_is_python_or_a_command(server):
    setup = replace(NOTHING, server=server, providers=("https://login.example.com",))
    for step in missing(setup):
        code = pasted([step.snippet])
        if step.snippet.where is Where.TERMINAL:
            assert all(line.startswith("python ") for line in code)
        else:
            ast.parse("\n".join(code))


def test_middleware_that_is_late_moves_to_the_front():
    code = lines(replace(COMPLETE, middleware=Middleware.LATE), "middleware")
    ours = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
    names = {"MIDDLEWARE": ["django.a", ours, "b"]}
    exec("\n".join(code), names)  # noqa: S102
    assert names["MIDDLEWARE"] == [ours, "django.a", "b"]


def test_settings_of_the_toolkit_that_the_project_has_stay():
    setup = replace(COMPLETE, has_provider_settings=False, extends_provider_settings=True)
    own = {"SCOPES": {"read": "Read"}, "PKCE_REQUIRED": False}
    names = {"OAUTH2_PROVIDER": own}
    exec("\n".join(lines(setup, "provider-settings")), names)  # noqa: S102
    made = names["OAUTH2_PROVIDER"]
    assert list(made["SCOPES"]) == ["mcp", "read"]
    assert made["PKCE_REQUIRED"] is False
    assert made["ACCESS_TOKEN_GENERATOR"].endswith(".access_token")


def test_view_that_is_there_gets_a_decorator_in_its_own_file():
    setup = replace(COMPLETE, endpoint=Endpoint.FUNCTION, view="mysite.views.mcp")
    [step] = missing(setup)
    assert "mysite.views.mcp" in step.text
    assert pasted([step.snippet])[-1] == (
        '@bearer_required("/mcp", scope="mcp", verify=verify_token, user=find_user)'
    )
    assert "1. In mysite/views.py:" in list(Plan(setup, [step]).lines(PLAIN))


@pytest.mark.parametrize("has_accounts", [True, False], ids=["has-accounts", "lacks-accounts"])
def test_include_of_allauth_is_that_of_its_documentation(has_accounts):
    setup = replace(COMPLETE, server=Server.ALLAUTH, has_oauth_urls=False)
    code = lines(replace(setup, has_account_urls=has_accounts), "oauth-urls")
    assert '    path("", include("allauth.idp.urls")),' in code
    assert ('    path("accounts/", include("allauth.urls")),' in code) is not has_accounts


def test_keys_of_allauth_come_before_ours():
    setup = replace(COMPLETE, server=Server.ALLAUTH, has_oauth_urls=False)
    setup = replace(setup, url_problems=("The URLs are missing.",))
    text = "\n".join(Plan(setup, missing(setup)).lines(PLAIN))
    assert text.index("allauth.idp.urls") < text.index("mcp_oauth_discovery.urls")


def test_class_gets_a_decorator_of_its_dispatch():
    setup = replace(COMPLETE, endpoint=Endpoint.CLASS, view="mysite.views.MCPView")
    assert lines(setup, "endpoint")[-4:] == [
        "@method_decorator(",
        '    bearer_required("/mcp", scope="mcp", verify=verify_token, user=find_user),',
        '    name="dispatch",',
        ")",
    ]


@pytest.mark.parametrize("server", [Server.TOOLKIT, Server.OUTSIDE])
def test_view_of_rest_framework_gets_an_authentication_class(server):
    setup = replace(COMPLETE, server=server, providers=("https://login.example.com",))
    setup = replace(setup, endpoint=Endpoint.REST_FRAMEWORK, view="mysite.views.MCPView")
    [step] = missing(setup)
    assert "authentication_classes = [MCPAuthentication]" in step.text
    code = "\n".join(pasted([step.snippet]))
    names = {}
    exec(code, names)  # noqa: S102
    assert names["MCPAuthentication"].protection.scope == ("mcp",)
    assert "\n\n\nclass MCPAuthentication" in code


def test_view_of_a_package_is_wrapped_in_the_urls():
    setup = replace(COMPLETE, endpoint=Endpoint.FOREIGN, view="mcp_server.views.MCPView")
    [step] = missing(setup)
    assert step.snippet.where is Where.VIEW
    assert "route protect(view, protection)" in step.text


def test_several_providers_are_asked_in_turn():
    providers = ("https://a.example.com", "https://b.example.com")
    setup = replace(NOTHING, server=Server.OUTSIDE, providers=providers)
    assert (
        'verify = [RemoteIssuer("https://a.example.com"), RemoteIssuer("https://b.example.com")]'
    ) in lines(setup, "endpoint")


def test_package_that_is_installed_has_a_page():
    setup = replace(NOTHING, mcp_package=("django-mcpz", "integrations/django-mcpz"))
    [step] = [step for step in missing(setup) if step.name == "endpoint"]
    assert step.text.endswith("latest/integrations/django-mcpz.html.")


def test_database_that_cannot_be_read_is_named():
    setup = replace(COMPLETE, database_problem="connection refused", has_migrated=False)
    [step] = missing(setup)
    assert step.text == "The database cannot be read: connection refused"
    printed = list(Plan(setup, [step]).lines(PLAIN))
    assert "1. Correct this:" in printed
    assert Plan(setup, [step]).as_json()["steps"][0]["where"] is None


def test_server_that_is_only_suggested_is_said_to_be():
    printed = "\n".join(
        Plan(replace(NOTHING, is_server_chosen=False), missing(NOTHING)).lines(PLAIN)
    )
    assert 'MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]' in printed


def test_settings_of_allauth_that_need_a_decision_are_named():
    setup = replace(COMPLETE, server=Server.ALLAUTH, unset=("IDP_OIDC_ADAPTER",))
    [step] = missing(setup)
    assert step.name == "provider-settings"
    assert "IDP_OIDC_ADAPTER" in step.text
    assert "integrations/allauth.html" in step.text


def test_file_for_all_environments_is_named():
    files = replace(FILES, base_settings="mysite/settings/base.py")
    setup = replace(NOTHING, files=files)
    text = "\n".join(Plan(setup, missing(setup)).lines(PLAIN))
    assert "\n   This file imports mysite/settings/base.py. " in text


def test_toolkit_without_settings_is_said_to_have_none():
    [step] = missing(replace(COMPLETE, has_provider_settings=False))
    assert step.text.startswith("OAUTH2_PROVIDER is not set.")


def test_route_has_no_prefix_and_the_resource_has_it():
    setup = replace(COMPLETE, endpoint=Endpoint.MISSING, path="/app/mcp", route="mcp")
    code = lines(setup, "endpoint")
    assert '    path("mcp", mcp),' in code
    assert any(line.startswith('@bearer_required("/app/mcp", ') for line in code)


def test_server_beside_django_is_checked_by_its_url():
    setup = replace(COMPLETE, endpoint=Endpoint.IN_ASGI)
    found = list(steps(setup))
    command = "python manage.py mcp_discovery check https://app.example.com/mcp"
    assert Plan(setup, found).as_json()["next"] == command
    assert "mysite/views.py serves the MCP endpoint /mcp." in [step.text for step in found]
