"""Requests to the project itself, in this process."""

from __future__ import annotations

import logging
import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from mcp_oauth_discovery.doctor.project.in_process import DjangoTransport
from mcp_oauth_discovery.doctor.transport.messages import SIZE_LIMIT, Answer, Fault, Trouble
from tests import ASM, JWKS, PRM
from tests.keys import broken_database

# Django looks after its connections at the end of each request.
pytestmark = pytest.mark.django_db

ORIGIN = "https://app.example.com"


def ask(path: str, method="GET", headers=(), **options) -> Answer:
    answer = DjangoTransport(**options).send(method, f"{ORIGIN}{path}", headers)
    assert isinstance(answer, Answer)
    return answer


def test_answer_is_that_of_the_project_with_its_middleware():
    answer = ask("/page/", headers=[("Origin", "https://client.example.com")])
    assert (answer.status, answer.header("x-page")) == (200, "yes")
    assert answer.body == b"a page of the project"
    assert answer.header("access-control-allow-origin") == "https://client.example.com"
    assert answer.header("x-frame-options") == "DENY"


def test_application_of_the_settings_is_asked(settings):
    settings.WSGI_APPLICATION = "tests.doctor.wsgi.application"
    assert ask("/").header("x-around") == "yes"


@pytest.mark.parametrize(
    "name", [None, "", "application", "tests.doctor.gone.application", "gone.wsgi.application"]
)
def test_project_without_a_wsgi_module_is_asked_all_the_same(settings, name):
    settings.WSGI_APPLICATION = name
    assert ask("/page/").header("x-page") == "yes"


@pytest.mark.parametrize("name", ["tests.doctor.wsgi.app", "tests.doctor.broken_wsgi.application"])
def test_wsgi_module_at_fault_is_reported(settings, name):
    settings.WSGI_APPLICATION = name
    with pytest.raises(ImproperlyConfigured, match=name):
        DjangoTransport()


def test_scheme_is_that_of_the_url(settings):
    settings.SECURE_SSL_REDIRECT = True
    assert ask("/page/").status == 200
    answer = DjangoTransport().send("GET", "http://app.example.com/page/")
    assert answer.header("location") == f"{ORIGIN}/page/"


def test_forged_host_is_refused_without_a_word(caplog):
    assert ask("/page/", headers=[("Host", "forged.invalid")]).status == 400
    assert ask("/nowhere/").status == 404
    assert caplog.records == []


def test_log_is_as_before_afterwards(caplog):
    ask("/")
    logging.getLogger("django.request").warning("Not Found")
    logging.getLogger("django.security.DisallowedHost").error("Invalid")
    assert len(caplog.records) == 2


def test_other_requests_of_a_server_are_logged_and_have_no_part_in_the_answer(caplog):
    def log():
        logging.getLogger("django.security.DisallowedHost").error("Invalid")
        logging.getLogger("django.request").error("Failed", exc_info=ValueError("not of this one"))

    def application(environ, start_response):
        other = threading.Thread(target=log)
        other.start()
        other.join()
        start_response("200 OK", [])
        return []

    assert DjangoTransport(application).send("GET", ORIGIN).fault is None
    assert [record.message for record in caplog.records] == ["Invalid", "Failed"]


def test_faults_of_the_project_are_logged_and_told(settings, caplog):
    settings.ROOT_URLCONF = "tests.doctor.failing_urls"
    assert ask("/fails").fault == Fault("ValueError: a fault of the project")
    assert [record.name for record in caplog.records] == ["django.request"]


def test_answer_without_a_fault_has_none(caplog):
    assert ask("/page/").fault is None


def test_setting_at_fault_is_told_with_what_to_type_and_not_logged(settings, caplog):
    settings.MCP_METADATA_MAX_AGE = "long"
    fault = ask(PRM).fault
    assert fault.problem.startswith("MCP_METADATA_MAX_AGE is 'long': expected a whole number")
    assert fault.fix == "Write, for example, MCP_METADATA_MAX_AGE = 300."
    assert caplog.records == []


@pytest.mark.parametrize("path", [JWKS, ASM])
def test_database_at_fault_is_told_with_what_to_run_and_not_logged(settings, caplog, path):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNED_METADATA = True
    with broken_database():
        fault = ask(path).fault
    assert fault.problem == "OperationalError: the database is down"
    assert "'manage.py migrate'" in fault.fix
    assert caplog.records == []


def test_statement_that_failed_is_not_told(settings):
    with broken_database(lambda _: OperationalError("no such table\nLINE 1: SELECT")):
        assert ask(JWKS).fault.problem == "OperationalError: no such table"


def test_error_without_words_is_told_by_its_name():
    with broken_database(lambda _: OperationalError()):
        assert ask(JWKS).fault.problem == "OperationalError: "


def test_warnings_of_this_app_are_logged(settings, caplog):
    settings.MCP_SIGNED_METADATA = True
    assert ask(PRM).status == 200
    assert [record.event for record in caplog.records] == ["signed_metadata.not_pinned"]


def raising(environ, start_response):
    raise RuntimeError("a reason")


def test_failing_application_is_a_failure():
    failure = DjangoTransport(raising).send("GET", ORIGIN)
    assert (failure.trouble, failure.reason) == (Trouble.BROKEN, "RuntimeError: a reason")


def exiting(environ, start_response):
    raise SystemExit(3)


def saying_nothing(environ, start_response):
    return []


def with_another_status(environ, start_response):
    start_response("OK", [])
    return []


@pytest.mark.parametrize(
    ("application", "reason"),
    [
        (exiting, "SystemExit: 3"),
        (saying_nothing, "RuntimeError: the application has not called start_response"),
        (with_another_status, "ValueError: invalid literal for int() with base 10: 'OK'"),
    ],
)
def test_what_is_no_application_is_a_failure(application, reason):
    failure = DjangoTransport(application).send("GET", ORIGIN)
    assert (failure.trouble, failure.reason) == (Trouble.BROKEN, reason)


class Endless:
    """A body without end, which wants to be closed."""

    is_closed = False

    def __iter__(self):
        while True:
            yield b"a" * 4096

    def close(self):
        self.is_closed = True


def test_endless_body_is_cut_and_closed():
    body = Endless()

    def application(environ, start_response):
        start_response("200 OK", [])
        return body

    answer = ask("/", application=application)
    assert (len(answer.body), answer.is_cut, body.is_closed) == (SIZE_LIMIT, True, True)


def test_plain_list_is_a_body():
    def application(environ, start_response):
        start_response("200 OK", [])
        return [environ["wsgi.input"].read(), b"b"]

    answer = DjangoTransport(application).send("POST", ORIGIN, (), b"a")
    assert (answer.body, answer.is_cut) == (b"ab", False)


def test_token_is_in_no_mail_about_a_fault_of_the_project(settings, caplog):
    settings.ROOT_URLCONF = "tests.doctor.failing_urls"
    ask("/fails", headers=[("Authorization", "Bearer a-token")])
    [record] = caplog.records
    assert record.request.META["HTTP_AUTHORIZATION"] == "***"
