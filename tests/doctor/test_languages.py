"""The doctor speaks the language of its reader, not that of the views that it requests."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.db import OperationalError
from django.utils import translation

from mcp_oauth_discovery.doctor import examine
from tests.deprecations import STRICT
from tests.keys import broken_database
from tests.markdown import CHECKOUT

pytestmark = pytest.mark.django_db


class French:
    """A middleware whose requests are in French, as LocaleMiddleware does it."""

    languages: list[str] = []

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        translation.activate("fr")
        self.languages.append(translation.get_language())
        return self.get_response(request)


@pytest.fixture
def french(healthy, monkeypatch):
    """A project all of whose requests are in French; the languages of those that it gets."""
    monkeypatch.setattr(French, "languages", [])
    healthy.MIDDLEWARE = [f"{__name__}.French", *healthy.MIDDLEWARE]
    return French.languages


def test_report_is_in_the_language_of_the_reader(french):
    with translation.override("de"):
        report = examine(only=["caching"])
        assert translation.get_language() == "de"
    assert set(french) == {"fr"}
    assert "durch --only oder --skip ausgelassen" in {one.reason for one in report.skipped}


def test_fault_in_a_french_request_has_a_german_fix(french):
    with (
        broken_database(lambda text: OperationalError("no such table")),
        translation.override("de"),
    ):
        report = examine(skip=["answer-slow"])
    fixes = {one.fix for one in report.findings if one.code == "answer-server-error"}
    assert {fix.partition(".")[0] for fix in fixes} == {"Prüfen Sie die Datenbank"}


def output_of(code):
    """Return what a program without a Django project prints, on a German machine."""
    environment = {"LANG": "de_DE.UTF-8", "PATH": "", **STRICT}
    command = [sys.executable, "-c", code]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=CHECKOUT, env=environment
    )
    return run.stdout


def test_program_without_a_project_gets_english():
    code = (
        "from mcp_oauth_discovery.doctor import examine; print(examine('http://127.0.0.1:9/mcp'))"
    )
    assert output_of(code).endswith("1 error. Start with reach-refused.\n")


def test_weak_key_is_named_without_a_project():
    code = (
        "from mcp_oauth_discovery.doctor.steps.key_forms import weakness; "
        "print(weakness({'kty': 'OKP', 'crv': 'Ed25519', 'x': 'A' * 43}))"
    )
    assert output_of(code).startswith("The point of this Ed25519 key is of small order")
