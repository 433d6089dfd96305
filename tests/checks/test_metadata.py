from __future__ import annotations

import pytest
from django.urls import path

from mcp_oauth_discovery.contrib.oauth_toolkit import RevokeTokenView, TokenView
from tests.checks.conftest import MCP, OAUTH, OURS
from tests.urls import page

SETTING = "MCP_AUTHORIZATION_SERVER_METADATA"


def test_no_way_for_a_client_to_introduce_itself(server, run):
    server(registration_endpoint=None, client_id_metadata_document_supported=None)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W018"
    assert message.msg.startswith(f"{SETTING} has neither a registration_endpoint nor ")


def test_client_id_metadata_documents_do_without_registration(server, ids):
    server(registration_endpoint=None, client_id_metadata_document_supported=True)
    assert ids() == []


def test_flag_that_says_no_is_no_way(server, ids):
    server(registration_endpoint=None, client_id_metadata_document_supported=False)
    assert ids() == ["W018"]


@pytest.mark.parametrize("methods", [["client_secret_basic"], None])
def test_client_id_metadata_documents_without_a_method_for_them(server, run, methods):
    server(
        client_id_metadata_document_supported=True,
        token_endpoint_auth_methods_supported=methods,
    )
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W019"
    assert f"{SETTING}['token_endpoint_auth_methods_supported'] is ['client_sec" in message.msg


@pytest.mark.parametrize("method", ["none", "private_key_jwt"])
def test_client_id_metadata_documents_with_a_method_for_them(server, ids, method):
    server(
        client_id_metadata_document_supported=True,
        token_endpoint_auth_methods_supported=["client_secret_basic", method],
        token_endpoint_auth_signing_alg_values_supported=["RS256"],
    )
    assert ids() == []


@pytest.mark.parametrize("methods", [["plain"], None])
def test_no_s256(server, run, methods):
    server(code_challenge_methods_supported=methods)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W020"
    assert f"{SETTING}['code_challenge_methods_supported'] is {methods}" in message.msg


def test_s256_among_others_is_healthy(server, ids):
    server(code_challenge_methods_supported=["plain", "S256"])
    assert ids() == []


def test_server_without_sign_in_needs_none_of_that(server, ids):
    server(
        grant_types_supported=["client_credentials"],
        registration_endpoint=None,
        code_challenge_methods_supported=None,
        client_id_metadata_document_supported=True,
        token_endpoint_auth_methods_supported=["client_secret_basic"],
    )
    assert ids() == []


def test_server_that_names_no_grants_has_sign_in(server, ids):
    server(grant_types_supported=None, code_challenge_methods_supported=None)
    assert ids() == ["W020"]


def test_member_in_other_languages_alone(settings, run):
    settings.MCP_RESOURCE_METADATA = {"resource_name#fr": "Dossiers", "resource_name#de": "Akten"}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W035"
    assert message.msg.startswith(
        "MCP_RESOURCE_METADATA has resource_name#fr and resource_name#de, and no resource_name: "
    )
    assert message.hint.startswith('Write "resource_name" as well')


def test_member_in_other_languages_alone_is_told_once_for_each_setting_that_has_it(settings, run):
    settings.MCP_RESOURCE_METADATA = {"resource_name#fr": "Dossiers"}
    settings.MCP_RESOURCES = {
        "/mcp": {},
        "/b": {},
        "/c": {"resource_name": "Files", "resource_policy_uri#fr": "https://app.example.com/fr"},
        "/off": {"resource_tos_uri#fr": "https://app.example.com/fr", "enabled": False},
    }
    common, own = run()
    assert common.msg.startswith("MCP_RESOURCE_METADATA has resource_name#fr, and no")
    assert own.msg.startswith("MCP_RESOURCES['/c'] has resource_policy_uri#fr, and no")


@pytest.mark.parametrize(
    "members",
    [
        {"resource_name#fr": "Dossiers", "resource_name": "Files"},
        {"resource_name#fr": None},
        {"x_note#1": "nothing of the standard"},
    ],
)
def test_member_in_no_other_language_or_in_none_besides_is_healthy(settings, ids, members):
    settings.MCP_RESOURCE_METADATA = members
    assert ids() == []


def test_member_without_a_language_may_be_in_the_other_setting(settings, ids):
    settings.MCP_RESOURCE_METADATA = {"resource_name": "Files"}
    settings.MCP_RESOURCES = {"/mcp": {"resource_name#fr": "Dossiers"}}
    assert ids() == []


def test_resource_that_the_server_does_not_list(settings, server, run):
    server(protected_resources=["https://app.example.com/b"])
    settings.MCP_RESOURCES = {"/mcp": {}, "/b": {}, "/c": {}, "/off": {"enabled": False}}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W036"
    assert message.msg.startswith(
        f"{SETTING}['protected_resources'] is ['https://app.example.com/b']: "
        "it lacks https://app.example.com/mcp and https://app.example.com/c, "
    )
    assert message.hint.startswith(
        "Write ['https://app.example.com/b', 'https://app.example.com/mcp', "
    )


def test_resource_in_another_spelling_is_not_listed(server, ids):
    server(protected_resources=["https://app.example.com/mcp/"])
    assert ids() == ["W036"]


def test_resources_that_the_server_lists_are_healthy(server, ids):
    server(protected_resources=["https://app.example.com/mcp", "https://b.example.com/mcp"])
    assert ids() == []


def test_resource_of_another_server_need_not_be_listed(settings, server, ids):
    server(protected_resources=["https://app.example.com/mcp"])
    other = {"authorization_servers": ["https://login.example.com"]}
    settings.MCP_RESOURCES = {"/mcp": {}, "/b": other}
    assert ids() == []


@pytest.mark.parametrize("issuer", [None, lambda request: 1 / 0])
def test_resource_with_the_host_of_the_request_may_be_listed(settings, server, ids, issuer):
    settings.MCP_ISSUER = issuer
    server(protected_resources=["https://app.example.com/mcp"])
    assert "W036" not in ids()
    settings.MCP_RESOURCE = "https://app.example.com/other"
    assert "W036" in ids()


@pytest.mark.parametrize("scope", ["offline_access", "openid"])
def test_scope_that_is_not_of_the_resource(settings, run, scope):
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp", scope]}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W021"
    assert message.msg.startswith(
        f"MCP_RESOURCE_METADATA['scopes_supported'] is ['mcp', '{scope}']: {scope} is "
    )
    assert message.hint.startswith("Write ['mcp'], ")


def test_scope_that_is_not_of_the_resource_where_somebody_else_issues_tokens(settings, ids):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["openid"]}
    assert ids() == ["W021"]


def test_scope_is_told_once_for_each_setting_that_has_it(settings, run):
    settings.MCP_RESOURCES = {
        "/mcp": {},
        "/b": {},
        "/c": {"scopes_supported": ["openid", "offline_access"]},
        "/off": {"scopes_supported": ["openid"], "enabled": False},
    }
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["openid"]}
    common, own = run()
    assert common.msg.startswith("MCP_RESOURCE_METADATA['scopes_supported'] is ['openid']: ")
    assert own.msg.startswith("MCP_RESOURCES['/c']['scopes_supported'] is ")
    assert "announce offline_access and openid in" in own.hint


def test_scope_that_the_server_does_not_offer(settings, server, run):
    server(scopes_supported=["mcp", "offline_access"])
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp", "files"]}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W022"
    assert "MCP_RESOURCE_METADATA['scopes_supported'] is ['mcp', 'files']: " in message.msg
    assert f"{SETTING}['scopes_supported'] does not have files" in message.msg
    assert "['mcp', 'offline_access', 'files']" in message.hint


def test_server_that_lists_no_scopes_may_have_any(settings, ids):
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp"]}
    assert ids() == []


def test_scopes_of_a_resource_with_another_server_are_not_ours_to_offer(settings, server, ids):
    server(scopes_supported=["mcp"])
    other = {"scopes_supported": ["x"], "authorization_servers": ["https://login.example.com"]}
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["mcp"]}, "/b": other}
    assert ids() == []


def test_scope_of_the_client_is_not_also_told_as_missing(settings, server, ids):
    server(scopes_supported=["mcp"])
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp", "openid"]}
    assert ids() == ["W021"]


PROFILES = "authorization_grant_profiles_supported"
ID_JAG = "urn:ietf:params:oauth:grant-profile:id-jag"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.mark.parametrize("grants", [["authorization_code"], None])
def test_profile_without_its_grant_is_reported(server, run, grants):
    server(authorization_grant_profiles_supported=[ID_JAG], grant_types_supported=grants)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W053"
    assert message.msg.startswith(f"{SETTING}['{PROFILES}'] is ['{ID_JAG}']: grant_types_supported")
    assert f"lacks {JWT_BEARER}" in message.msg
    assert f"'{JWT_BEARER}']" in message.hint


def test_profile_beside_its_grant_is_healthy(server, ids):
    grants = ["authorization_code", JWT_BEARER]
    server(authorization_grant_profiles_supported=[ID_JAG], grant_types_supported=grants)
    assert ids() == []


def test_grant_without_a_profile_is_healthy(server, ids):
    server(grant_types_supported=["authorization_code", JWT_BEARER])
    assert ids() == []


def test_unknown_profile_is_not_judged(server, ids):
    server(authorization_grant_profiles_supported=["urn:example:other"])
    assert ids() == []


@pytest.fixture
def proofs(server, urlconf):
    """Announce algorithms of DPoP proofs, at a token endpoint of the preset or of the project."""

    def proofs(view, *algorithms):
        urlconf(OURS, OAUTH[0], OAUTH[2], MCP, path("o/token/", view, name="token"))
        server(dpop_signing_alg_values_supported=list(algorithms))

    return proofs


class OwnTokenView(TokenView):
    """The view of a project."""


@pytest.mark.parametrize("view", [TokenView, OwnTokenView])
def test_algorithm_of_proofs_that_the_token_endpoint_refuses(proofs, run, view):
    proofs(view.as_view(), "ES384", "ES256")
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W052"
    assert message.msg.startswith(f"{SETTING}['dpop_signing_alg_values_supported'] is ['ES384', ")
    assert "the token endpoint refuses DPoP proofs with ES384" in message.msg
    assert message.hint == "Write \"dpop_signing_alg_values_supported\": ['ES256']."


def test_algorithms_of_proofs_of_which_the_token_endpoint_knows_none(proofs, run):
    proofs(TokenView.as_view(), "ES384")
    [message] = run()
    assert "['ES256', 'EdDSA', 'RS256']" in message.hint


def test_algorithms_of_proofs_that_the_token_endpoint_accepts(proofs, ids):
    proofs(TokenView.as_view(), "RS256", "EdDSA", "ES256")
    assert ids() == []


@pytest.mark.parametrize("view", [page, RevokeTokenView.as_view()])
def test_algorithms_of_proofs_of_another_token_endpoint_are_its_own(proofs, ids, view):
    proofs(view, "ES384")
    assert ids() == []


def test_algorithms_of_proofs_of_an_endpoint_elsewhere_are_its_own(server, ids):
    server(
        token_endpoint="https://login.example.com/token",
        dpop_signing_alg_values_supported=["ES384"],
    )
    assert ids() == []
