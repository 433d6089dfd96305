"""What the commands print for people is translated; what they print for programs is in English."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import StringIO

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import translation

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.doctor import Client, EndpointReport, Report, Skipped
from mcp_oauth_discovery.doctor.examples import EXAMPLES
from mcp_oauth_discovery.doctor.findings import absent, finding, passed
from mcp_oauth_discovery.doctor.output.requests import request_line
from mcp_oauth_discovery.doctor.output.text import PLAIN
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEPS
from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Trouble
from mcp_oauth_discovery.doctor.transport.watching import Request
from mcp_oauth_discovery.management.init.project import Server
from mcp_oauth_discovery.management.init.report import Plan
from mcp_oauth_discovery.management.init.steps import steps
from mcp_oauth_discovery.models import SigningKey
from tests import ORIGIN
from tests.init.test_steps import COMPLETE, NOTHING
from tests.keys import broken_database
from tests.mcp_keys.command import ago, mcp_keys
from tests.translations.catalogues import LANGUAGES
from tests.translations.pseudo import START, untranslated

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick(settings):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]


@pytest.fixture
def key():
    return rotation.rotate("EdDSA")


def refusal(*arguments):
    with pytest.raises(CommandError) as failure:
        mcp_keys(*arguments)
    return str(failure.value)


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["for-real", "dry-run"])
def test_changes_are_translated(key, options):
    for days in (800, 700):
        rotation.rotate("ES256", now=ago(days))
    assert untranslated(mcp_keys("prune", *options)) == []
    assert untranslated(mcp_keys("rotate", *options)) == []
    assert untranslated(mcp_keys("retire", key.kid, *options)) == []
    assert untranslated(mcp_keys("revoke", key.kid, *options)) == []


@pytest.mark.usefixtures("pseudo")
def test_table_and_good_news_are_translated(key):
    assert untranslated(mcp_keys("reencrypt")) == []
    assert untranslated(mcp_keys("prune")) == []
    assert untranslated(mcp_keys("list").replace(key.kid[:8], "")) == []
    SigningKey.objects.all().delete()
    assert START in mcp_keys("list")


@pytest.mark.usefixtures("pseudo")
def test_refusals_are_translated(key):
    pending = rotation.rotate("EdDSA")
    for arguments in (
        ("retire", pending.kid),
        ("retire", key.kid[:1]),
        ("revoke", "unknown"),
        ("import", "/no/such/file"),
        ("rotate", "--algorithm", "RS512"),
    ):
        assert refusal(*arguments).startswith(START), arguments


UNSUITABLE = {
    "text": "no key",
    "set": '{"keys": []}',
    "use": '{"use": "enc"}',
    "curve": ec.generate_private_key(ec.SECP384R1()).public_key(),
}


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("content", UNSUITABLE.values(), ids=UNSUITABLE)
def test_reason_why_a_file_is_refused_is_translated(tmp_path, content):
    if not isinstance(content, str):
        content = content.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    path = tmp_path / "key"
    path.write_text(content)
    message = refusal("import", str(path)).replace(str(path), "")
    assert START in message
    assert untranslated(message) == []


@pytest.mark.usefixtures("pseudo")
def test_missing_table_is_explained_in_the_language_of_the_site():
    with broken_database(lambda text: OperationalError("no such table: keys")):
        message = refusal("list")
    assert "migrate" in message
    assert untranslated(message) == []


@pytest.mark.usefixtures("pseudo")
def test_list_of_subcommands_is_translated():
    for command in ("mcp_keys", "mcp_discovery"):
        output = StringIO()
        call_command(command, stdout=output)
        assert output.getvalue().count(START) > 5


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("server", Server, ids=lambda server: server.value)
@pytest.mark.parametrize("setup", [NOTHING, COMPLETE], ids=["nothing", "everything"])
def test_steps_of_init_are_translated(setup, server):
    setup = replace(setup, server=server, providers=("https://login.example.com",), url_problems=())
    found = list(steps(setup))
    assert [word for step in found for word in untranslated(step.text)] == []
    lines = list(Plan(setup, found).lines(PLAIN))
    unindented = [line for line in lines if not line.startswith(" ")]
    assert untranslated("\n".join(unindented)) == []


@pytest.mark.usefixtures("pseudo", "key")
def test_export_is_translated(settings, tmp_path):
    settings.MCP_ISSUER = ORIGIN
    export = ["mcp_discovery", "export", tmp_path, "--format", "nginx"]
    with pytest.raises(CommandError) as failure:
        call_command(*export, "--check", stdout=StringIO())
    output = StringIO()
    for options in ((), (), ("--check",)):
        call_command(*export, *options, stdout=output)
    lines = [str(failure.value), *output.getvalue().splitlines()]
    # The names of files have a full stop or a slash.
    texts = [re.sub(r"[^\s⟦]*\w[./]\w\S*?(?=[⟧\s]|$)", "", line) for line in lines]
    assert [word for text in texts for word in untranslated(text)] == []


def discovery(*arguments, **options):
    """Return what a subcommand prints, and its error."""
    output, message = StringIO(), ""
    try:
        call_command("mcp_discovery", *arguments, stdout=output, **options)
    except CommandError as error:
        message = str(error)
    return output.getvalue(), message


# Names of clients, codes and URLs.
_CLIENTS = [client.value for client in Client]
_OF_REPORTS = re.compile(r"\S+-\S+|https?://\S+")


@pytest.mark.usefixtures("pseudo")
def test_words_around_findings_are_translated():
    url = f"{ORIGIN}/mcp"
    problems = ("jwks-private", "cors-document", "cache-long", "jwks-elsewhere")
    findings = [finding(ENTRIES[code], url) for code in problems]
    findings += [finding(ENTRIES["cors-document"], f"{url}/{number}") for number in range(9)]
    findings += [passed(STEPS[0], url), absent(STEPS[1], url)]
    skipped = Skipped("load", "⟦Load⟧", "⟦a reason⟧")
    reports = EndpointReport(url, tuple(findings)), EndpointReport(f"{url}/b", (), (skipped,))
    text = str(Report(reports))
    for name in (*(one.section for one in findings if one.section), *_CLIENTS):
        text = text.replace(name, "")
    assert untranslated(_OF_REPORTS.sub("", text)) == []


@pytest.mark.usefixtures("pseudo")
def test_explanations_are_translated():
    names = {*" ".join(_CLIENTS).split()}
    output, _ = discovery("explain", "jwks-weak")
    texts = [line for line in output.splitlines() if "⟦Example⟧" not in line]
    entry = ENTRIES["jwks-weak"]
    text = "\n".join(texts).replace(entry.section, "").replace(EXAMPLES[entry.code].right, "")
    assert [word for word in untranslated(_OF_REPORTS.sub("", text)) if word not in names] == []
    codes = {
        word for name in (*ENTRIES, *(step.name for step in STEPS)) for word in name.split("-")
    }
    every = discovery("explain")[0]
    assert [word for word in untranslated(every) if word not in codes] == []
    assert discovery("explain", "W017")[0].startswith(START)
    assert START in discovery("explain", "jwks-wea")[1]


@pytest.mark.usefixtures("pseudo", "key")
def test_sources_of_values_are_translated(settings):
    settings.MCP_ISSUER = ORIGIN
    sources = [line for line in discovery("show")[0].splitlines() if line.startswith("      ")]
    assert sources
    assert [line for line in sources if not line.strip().startswith(START)] == []
    settings.ALLOWED_HOSTS = ["*"]
    settings.MCP_ISSUER = None
    assert "⟦/mcp at the scheme and host of the request⟧" in discovery("show")[0]


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("content", [b"", b"{}", b"a b", b"\xff", b"\xc3\xa4", b"a" * 300_000])
def test_refused_tokens_are_explained_in_the_language_of_the_site(tmp_path, content):
    file = tmp_path / "token.txt"
    file.write_bytes(content)
    assert untranslated(discovery("token", str(file))[1]) == []
    assert discovery("token", str(tmp_path / "gone"))[1].startswith(START)


@pytest.mark.usefixtures("pseudo")
def test_list_of_many_resources_is_translated(settings, tmp_path):
    settings.MCP_RESOURCES = {f"/{number}": {} for number in range(12)}
    file = tmp_path / "token.txt"
    file.write_text("e30.e30.e30")
    message = discovery("token", str(file), "--resource", "nowhere")[1]
    assert "/7, ⟦… and 4 more⟧" in message
    assert untranslated(message) == []


@pytest.mark.usefixtures("key")
def test_report_about_a_token_is_translated(settings, tmp_path):
    settings.MCP_ISSUER = ORIGIN
    settings.LANGUAGE_CODE = "de"
    file = tmp_path / "token.txt"
    file.write_text("e30.e30.e30")
    output, message = discovery("token", str(file))
    assert output.startswith("Token, nach den Regeln dieser Website\n")
    assert "Header (nicht verifiziert)\n" in output
    assert message.startswith("Kein Endpunkt dieser Website akzeptiert das Token")


@pytest.mark.usefixtures("pseudo", "key")
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--json"),
        ("check", "--format", "sarif"),
        ("check", "--format", "junit"),
        ("explain", "--json"),
        ("explain", "cors-document", "--json"),
        ("show", "--json"),
        ("token", "TOKEN", "--json"),
        ("init", "--json"),
    ],
    ids=" ".join,
)
def test_documents_for_programs_are_in_english(settings, tmp_path, arguments):
    settings.MCP_ISSUER = ORIGIN
    token = tmp_path / "token.txt"
    token.write_text("e30.e30.e30")
    given = [str(token) if argument == "TOKEN" else argument for argument in arguments]
    output, message = discovery(*given)
    assert output
    assert START not in output + message


@pytest.mark.usefixtures("pseudo", "key")
def test_number_of_failed_documents_is_in_english_where_the_documents_are(settings):
    settings.MCP_SERVER_CARDS = {"/nowhere": {}}
    assert discovery("show", "--json")[1].endswith("documents cannot be served.")
    assert START in discovery("show")[1]


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("option", ["--token-file", "--baseline"])
def test_refusal_of_a_file_is_in_english_where_the_document_is(tmp_path, option):
    assert START not in discovery("check", "--json", option, str(tmp_path / "gone"))[1]


@pytest.mark.usefixtures("pseudo", "key")
def test_report_beside_a_baseline_is_in_english_as_the_baseline_is(settings, tmp_path):
    settings.MCP_ISSUER = ORIGIN
    file = tmp_path / "baseline.json"
    file.write_text(discovery("check", "--json")[0])
    output, message = discovery("check", "--baseline", str(file))
    assert "Known from the baseline, not printed: " in output
    assert START not in output + message


@pytest.mark.usefixtures("pseudo")
def test_wrong_arguments_are_refused_in_the_language_of_the_site(tmp_path):
    for arguments in (
        ("--only", "unknown"),
        ("--origin", "nowhere"),
        ("--timeout", "0"),
        ("--json", "--format", "junit"),
        ("--baseline", str(tmp_path / "gone")),
        ("--baseline", __file__),
        ("ftp://a.example/",),
        ("https://a.example/mcp", "--host", "a.example"),
    ):
        assert START in discovery("check", *arguments)[1], arguments


@pytest.mark.usefixtures("pseudo")
def test_lines_of_requests_are_translated():
    request = Request("GET", "https://a.example/", (("X-A", "b"),))
    answer = Answer("GET", request.url, 200, (("Location", "/c"),))
    failure = Failure("GET", request.url, Trouble.NAME, "⟦no such host⟧")
    for outcome in (answer, failure):
        line = request_line(request, outcome, 0.1)
        rest = re.sub(r"GET|X-A|Location| ms\b|\bname\b", "", line)
        assert untranslated(rest) == [], line


def test_json_is_the_same_in_every_language(key):
    with translation.override("de"):
        german = mcp_keys("list", "--json")
    assert json.loads(german) == json.loads(mcp_keys("list", "--json"))


def test_command_speaks_the_language_of_the_site(settings, key):
    settings.LANGUAGE_CODE = "de"
    table = mcp_keys("list")
    assert "ZUSTAND" in table
    assert f"{key.activates_at:%d.%m.%Y}" in table


@pytest.mark.parametrize("language", LANGUAGES)
def test_table_fits_100_columns_in_every_language(settings, language):
    settings.LANGUAGE_CODE = language
    for days in (200, 100, 2, 0):
        rotation.rotate("EdDSA", now=ago(days))
    rotation.revoke(rotation.rotate("ES256", now=ago(2)))
    assert max(map(len, mcp_keys("list").splitlines())) <= 100
