"""The second line of a block in a report: what to type, in words that need no other line."""

from __future__ import annotations

import re

import pytest

from mcp_oauth_discovery.doctor.findings import Severity, correcting
from mcp_oauth_discovery.doctor.steps import ENTRIES, outside
from mcp_oauth_discovery.doctor.walk.probes import UNKNOWN_PATH
from tests.doctor.world import HTML, ORIGIN, PRM_ROOT, World, diagnose, found, only

# A fix that begins with one of these needs the line above to say what it is about.
DANGLING = re.compile(r"(?i)\A\w+ (it|them|these|either|one of them)\b|\bthe member out|\bboth[.:]")
ADVICE = {
    name: text for name, text in vars(outside).items() if name.isupper() and isinstance(text, str)
}


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_fix_names_its_subject(code):
    entry = ENTRIES[code]
    dangling = [fix for fix in (entry.fix, entry.django_fix) if DANGLING.search(fix)]
    assert dangling == []


@pytest.mark.parametrize("name", sorted(ADVICE))
def test_advice_about_a_provider_names_its_subject(name):
    assert not DANGLING.search(ADVICE[name])


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ([], ""),
        (["scheme"], ""),
        (["port"], "Correct the port of issuer. "),
        (["host", "port"], "Correct the host and the port of issuer. "),
        (["scheme", "host", "port"], "Correct the scheme, the host and the port of issuer. "),
    ],
)
def test_correction_names_the_parts_and_the_member(parts, sentence):
    assert correcting(parts, "issuer") == sentence


@pytest.mark.parametrize(
    ("code", "document", "changes", "fix"),
    [
        (
            "prm-member-invalid",
            "prm",
            {"scopes_supported": "mcp"},
            "Correct scopes_supported in the metadata of the resource.",
        ),
        (
            "as-member-invalid",
            "server",
            {"grant_types_supported": 5},
            "Correct grant_types_supported in the metadata of the authorization server.",
        ),
        (
            "as-jwt-algorithms",
            "server",
            {"revocation_endpoint_auth_methods_supported": ["private_key_jwt"]},
            "Add revocation_endpoint_auth_signing_alg_values_supported with the algorithms",
        ),
    ],
)
def test_fix_of_a_member_names_it(code, document, changes, fix):
    one = found(code, lambda world: getattr(world, document).update(changes))
    assert one.fix.startswith(fix)


def test_fix_of_a_missing_member_names_it():
    one = found("as-member-missing", lambda world: world.server.pop("token_endpoint"))
    assert one.fix == "Add token_endpoint to the metadata of the authorization server."


def test_fix_of_a_member_names_it_in_the_setting_of_django():
    one = found("prm-member-invalid", lambda world: world.prm.update(scopes_supported="mcp"))
    setting = "MCP_RESOURCE_METADATA or MCP_RESOURCES"
    assert one.django_fix == f"Correct scopes_supported in {setting}."


@pytest.mark.parametrize("in_process", [False, True])
def test_finding_that_counts_the_rest_names_none_of_their_members(in_process):
    world = World()
    world.server.update(
        {f"{name}_supported": 5 for name in ("scopes", "grant_types", "ui_locales")}
    )
    world.server.update({f"{name}_uri": 5 for name in ("op_policy", "op_tos", "jwks")})
    world.server["service_documentation"] = 5
    results = [one for one in diagnose(world, in_process=in_process) if "invalid" in one.code]
    assert len({one.fix for one in results}) == len(results) == 6
    place = "MCP_AUTHORIZATION_SERVER_METADATA" if in_process else "the metadata of the"
    assert results[-1].seen.endswith("2 more.")
    assert results[-1].fix.startswith(f"Correct the member in {place}")


@pytest.mark.parametrize(("path", "is_named"), [("/o/register/", True), ("/o/token/", False)])
def test_registration_endpoint_that_is_missing_names_the_setting_of_the_toolkit(path, is_named):
    world = World()
    world.reply("GET", f"{ORIGIN}{path}", status=404)
    fix = only(world, "oauth-endpoint-not-found", in_process=True).fix
    assert fix.startswith("Name the endpoint by its URL pattern")
    assert ('"DCR_ENABLED": True' in fix) is is_named


def test_page_at_unknown_paths_beside_good_documents_is_a_warning():
    world = World()
    world.reply("GET", f"{PRM_ROOT}{UNKNOWN_PATH}", body=HTML)
    assert only(world, "suffix-html").severity is Severity.WARNING
