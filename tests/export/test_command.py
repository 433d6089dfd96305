"""The command `mcp_discovery export`: the documents, the options, and each error."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.http import Http404, JsonResponse
from django.test.utils import override_script_prefix
from django.urls import re_path
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.views import JWKSView
from tests import ASM, JWKS, ORIGIN, PRM, urls
from tests.export.conftest import contents
from tests.keys import PRIVATE_MEMBERS, broken_database, make_key

pytestmark = pytest.mark.django_db

MANIFEST = "mcp-discovery.json"
NOTHING = ([], [], [])


class Hidden(JWKSView):
    def get_document(self, request, **kwargs):
        raise Http404


class Large(JWKSView):
    def get_document(self, request, **kwargs):
        return {"keys": "x" * 300_000}


class Personal(JWKSView):
    def get_document(self, request, **kwargs):
        self.site.is_pinned = False
        return {"keys": []}


class Own(JWKSView):
    def get_document(self, request, **kwargs):
        return {**super().get_document(request, **kwargs), "made_by": "a subclass"}


def page(request):
    return JsonResponse({"keys": []})


def urlconf(view):
    patterns = [re_path(r"^\.well-known/jwks\.json/?\Z", view), *urls.urlpatterns]
    return type("urlconf", (), {"urlpatterns": patterns})


def test_files_have_the_bytes_of_the_views(pinned, exported, directory, fetch):
    make_key("RS256")
    for url, document in exported().items():
        assert (directory / document["file"]).read_bytes() == fetch(url).content
        assert document["cache_control"] == fetch(url)["Cache-Control"]


def test_file_has_the_path_of_its_url_or_is_the_index_there(pinned, exported):
    pinned.MCP_RESOURCE = f"{ORIGIN}/mcp"
    pinned.MCP_RESOURCES = {"/mcp": {}, "/mcp/files/": {}, "/%C3%BC": {}}
    assert {path: document["file"] for path, document in exported().items()} == {
        PRM: f"{PRM[1:]}/index.json",
        f"{PRM}/mcp": f"{PRM[1:]}/mcp/index.json",
        f"{PRM}/mcp/files": f"{PRM[1:]}/mcp/files",
        f"{PRM}/%C3%BC": f"{PRM[1:]}/ü",
        ASM: ASM[1:],
        JWKS: JWKS[1:],
    }


def test_issuer_with_a_path_is_at_the_root_too(pinned, exported):
    pinned.MCP_ISSUER = f"{ORIGIN}/t1"
    assert {ASM, f"{ASM}/t1"} < {*exported()}


def test_disabled_resource_is_left_out(pinned, exported):
    pinned.MCP_RESOURCES = {"/a": {}, "/b": {"enabled": False}, "/c": {}}
    assert [*exported()] == [f"{PRM}/a", f"{PRM}/c", ASM, JWKS]


def test_resource_without_a_path_is_the_root(pinned, exported):
    pinned.MCP_RESOURCE = ORIGIN
    assert [*exported()] == [PRM, ASM, JWKS]


def test_site_without_an_issuer_can_export_its_resources(settings, exported):
    settings.MCP_RESOURCE = f"{ORIGIN}/mcp"
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    assert [*exported()] == [f"{PRM}/mcp", PRM]


def test_below_a_prefix_the_keys_are_where_the_metadata_says(pinned, exported):
    pinned.FORCE_SCRIPT_NAME = "/app"
    pinned.MCP_ISSUER = f"{ORIGIN}/app"
    with override_script_prefix("/app/"):
        assert f"/app{JWKS}" in exported()


def test_view_that_extends_ours_is_exported(pinned, exported, directory):
    pinned.ROOT_URLCONF = urlconf(Own.as_view())
    exported()
    assert b"a subclass" in (directory / JWKS[1:]).read_bytes()


def test_list_of_the_files_has_the_headers_of_the_views(pinned, export, directory, fetch):
    export()
    manifest = json.loads((directory / MANIFEST).read_text())
    for document in manifest["documents"]:
        headers = {**fetch(document["path"]).headers}
        del headers["ETag"], headers["Content-Length"]
        assert document["headers"] == headers
    assert manifest["options"] == {"status": 204, "headers": {**fetch(PRM, "OPTIONS").headers}}
    assert manifest["files"] == sorted({*contents(directory)} - {MANIFEST})


@pytest.mark.parametrize("kind", ["files", "nginx", "caddy"])
def test_no_private_key_is_exported(pinned, export, directory, kind):
    pinned.MCP_SIGNED_METADATA = True
    rotation.rotate("RS256")
    export("--format", kind)
    [key] = json.loads((directory / JWKS[1:]).read_text())["keys"]
    assert not PRIVATE_MEMBERS & {*key}
    assert b"signed_metadata" in (directory / ASM[1:]).read_bytes()
    assert not any(b"PRIVATE" in content for content in contents(directory).values())


def test_second_export_changes_nothing(pinned, changes):
    assert changes()[0]
    assert changes() == NOTHING


def test_check_of_an_export_is_up_to_date(pinned, export, exported):
    export()
    exported("--check")


def test_new_key_makes_an_export_out_of_date(pinned, export, refusal, changes):
    export()
    rotation.rotate("RS256")
    assert refusal("--check").endswith("exported is out of date. Run the command without --check.")
    assert changes() == ([], [JWKS[1:]], [])


def test_other_signature_of_the_same_document_is_up_to_date(pinned, export, exported, directory):
    pinned.MCP_SIGNED_METADATA = True
    rotation.rotate("RS256")
    export()
    # As ES256 signs in another process.
    resign(directory / ASM[1:], -1)
    exported("--check")


def test_signature_of_another_document_is_out_of_date(pinned, export, refusal, directory):
    pinned.MCP_SIGNED_METADATA = True
    rotation.rotate("RS256")
    export()
    resign(directory / ASM[1:], 1)
    assert "is out of date" in refusal("--check")


def resign(file, part):
    """Replace a part of the JWT in a document: its claims or its signature."""
    document = json.loads(file.read_text())
    parts = document["signed_metadata"].split(".")
    parts[part] = "another"
    file.write_text(json.dumps({**document, "signed_metadata": ".".join(parts)}))


def test_key_that_expires_soon_shortens_the_caching(pinned, exported):
    now = timezone.now()
    make_key("RS256", retires_at=now, expires_at=now + timedelta(seconds=100))
    max_age = int(exported()[JWKS]["cache_control"].rpartition("=")[2])
    assert 0 < max_age <= 100


def test_check_of_nothing_is_out_of_date(pinned, refusal):
    assert "is out of date" in refusal("--check")


def test_check_names_missing_other_and_former_files(pinned, export, directory, capsys):
    pinned.MCP_RESOURCES = {"/a": {}, "/b": {}}
    export()
    (directory / JWKS[1:]).unlink()
    pinned.MCP_RESOURCES = {"/a": {}, "/c": {}}
    with pytest.raises(CommandError, match="is out of date"):
        call_command("mcp_discovery", "export", str(directory), "--check")
    assert capsys.readouterr().out.splitlines() == [
        f"missing: {JWKS[1:]}",
        f"missing: {PRM[1:]}/c",
        f"out of date: {MANIFEST}",
        f"no longer exported: {PRM[1:]}/b",
    ]


def test_check_says_that_the_directory_is_up_to_date(pinned, export, directory):
    export()
    assert export("--check") == f"{directory} is up to date.\n"


def test_failed_check_prints_json_too(pinned, directory, capsys):
    with pytest.raises(CommandError):
        call_command("mcp_discovery", "export", str(directory), "--check", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert report["directory"] == str(directory)
    assert (report["format"], report["changed"], report["removed"]) == ("files", [], [])
    assert MANIFEST in report["added"]


def test_lines_name_each_change(pinned, export, directory):
    lines = export().splitlines()
    assert f"added: {JWKS[1:]}" in lines
    assert lines[-1] == f"5 files in {directory}: 5 added, 0 changed, 0 removed."


@pytest.mark.parametrize(
    ("kind", "include"),
    [("nginx", 'include "{}/mcp-discovery.conf";'), ("caddy", 'import "{}/mcp-discovery.caddy"')],
)
def test_lines_say_how_to_include_the_configuration(pinned, export, directory, kind, include):
    *_, line, news = export("--format", kind).splitlines()
    assert line.endswith(include.format(directory))
    assert news == f"The configuration is new: reload {kind}."
    assert "is new" not in export("--format", kind)


def test_format_is_that_of_the_last_export(pinned, export, changes):
    export("--format", "nginx")
    assert changes() == NOTHING
    assert changes("--format", "files") == ([], [MANIFEST], ["mcp-discovery.conf"])


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"MCP_ISSUER": None}, "MCP_ISSUER is None: expected a string. Write the URL of this site"),
        ({"MCP_ISSUER": lambda request: ORIGIN}, "MCP_ISSUER is <function"),
        ({"MCP_RESOURCE": lambda request: f"{ORIGIN}/mcp"}, "MCP_RESOURCE is <function"),
        (
            {"MCP_RESOURCES": {"/mcp": {}, "https://b.example.com/mcp": {}}},
            "If two entries of MCP_RESOURCES have the same path, give one of them another path.",
        ),
        ({"ROOT_URLCONF": urlconf(Personal.as_view())}, "a view of the project adds data"),
        ({"MCP_ISSUER": "app.example.com"}, "MCP_ISSUER is 'app.example.com': expected an"),
        ({"MCP_JWKS_MAX_AGE": -1}, "MCP_JWKS_MAX_AGE is -1"),
        (
            {"MCP_AUTHORIZATION_SERVER_METADATA": {"token_endpoint": "no:name"}},
            "MCP_AUTHORIZATION_SERVER_METADATA['token_endpoint'] is 'no:name'",
        ),
        ({"MCP_RESOURCES": {"/mcp?a=1": {}}}, "has a query, but a file is the same for every"),
        ({"ROOT_URLCONF": "tests.server.no_urls"}, f"No view answers at {PRM}/mcp."),
        ({"ROOT_URLCONF": urlconf(page)}, f"Another view answers at {JWKS}: tests.export."),
        ({"ROOT_URLCONF": urlconf(Hidden.as_view())}, f"{JWKS} cannot be exported: the status"),
        ({"ROOT_URLCONF": urlconf(Large.as_view())}, f"{JWKS} is longer than"),
        ({"ALLOWED_HOSTS": ["other.example"]}, "the status is 400. Run 'manage.py mcp_discovery"),
        ({"MCP_RESOURCES": {"/a%2F..%2F..%2F..%2Fb": {}}}, "has an empty segment, '.' or '..'"),
        ({"MCP_RESOURCES": {"/a//b": {}}}, "has an empty segment, '.' or '..'"),
        ({"MCP_RESOURCES": {"/a%5C..%5Cb": {}}}, "a backslash or a question mark after"),
        ({"MCP_RESOURCES": {"/a%00": {}}}, "has a control character"),
        ({"MCP_RESOURCES": {"/a%3Fb": {}}}, "a backslash or a question mark after"),
        ({"MCP_RESOURCES": {"/%FF": {}}}, "expected UTF-8 in the percent-encoded octets"),
        (
            {"MCP_RESOURCES": {f"/{'a' * 256}": {}}},
            "of more than 255 octets. Give the resource another path.",
        ),
        ({"MCP_RESOURCES": {"/a/index.json": {}, "/a": {}}}, "need the same file"),
        ({"MCP_RESOURCES": {"/a/index.json/b": {}, "/a": {}}}, "need the same file"),
    ],
)
def test_command_says_why_a_site_cannot_be_exported(pinned, refusal, changed, expected):
    for name, value in changed.items():
        setattr(pinned, name, value)
    assert expected in refusal()


def test_two_dots_are_no_part_of_a_resource(pinned, refusal):
    pinned.MCP_RESOURCES = {"/a/%2e%2e/b": {}}
    assert "'.' and '..' segments are resolved by clients" in refusal()


def test_unreadable_database_is_an_error(pinned, refusal):
    with broken_database():
        message = refusal()
    assert "cannot be exported. " in message
    assert "Has 'manage.py migrate' been run?" in message


def test_site_that_does_not_answer_is_an_error(pinned, refusal):
    pinned.MIDDLEWARE = ["tests.export.test_command.stopping"]
    assert f"{PRM}/mcp gives no answer: SystemExit: 3." in refusal()


def stopping(get_response):
    def stop(request):
        raise SystemExit(3)

    return stop


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("nginx", "a$b", "contains '$', which nginx would expand. Choose another"),
        ("caddy", "a{b}", "contains '{', which Caddy would expand. Choose another"),
    ],
)
def test_name_that_a_configuration_cannot_have(pinned, export, tmp_path, kind, name, expected):
    with pytest.raises(CommandError, match="would expand") as caught:
        export("--format", kind, to=tmp_path / name)
    assert expected in str(caught.value)
    assert not (tmp_path / name).exists()
    export("--format", "files", to=tmp_path / name)


def test_unknown_format_is_refused(export):
    with pytest.raises(CommandError, match="invalid choice"):
        export("--format", "apache")
