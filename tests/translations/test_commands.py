"""What the commands print for people is translated; JSON and the doctor's texts are in English."""

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
from mcp_oauth_discovery.doctor.output.text import PLAIN
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
