"""Verification that fails: JSON for the client, a log record, and no token in either."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
import traceback
from dataclasses import dataclass
from urllib.parse import quote

import django
import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path
from django.utils.log import AdminEmailHandler
from django.views import View
from oauth2_provider.models import AccessToken, get_refresh_token_model
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.contrib import oauth_toolkit
from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerChallengeMixin,
    BearerViewMixin,
    HasScope,
)
from mcp_oauth_discovery.logs.redaction import HIDDEN
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.protection import (
    BearerProtection,
    BearerRequiredMixin,
    find_user,
    protect,
    verify_token,
)
from mcp_oauth_discovery.signing import InvalidToken, sign_jwt, verify_jwt
from mcp_oauth_discovery.signing.published import published_keys
from tests import JWKS, ORIGIN
from tests.answers import readable

pytestmark = pytest.mark.django_db

FAILURE = "the database is gone"
ADMIN = "admin@example.com"


class Router:
    """Fails for a model, as a database does that cannot be reached, in every thread."""

    failing = ()

    def db_for_read(self, model, **hints):
        if model in self.failing:
            raise OperationalError(FAILURE)

    db_for_write = db_for_read


def own(request, token, resource):
    bearer = token
    return get_user_model().objects.get(username=bearer)


def quoting(request, token, resource):
    error = RuntimeError(f"cannot ask about {token}", [token.encode()])
    error.asked = {"token": token}
    error.url = f"https://login.example.com/?token={token}"
    raise error


def chained(request, token, resource):
    try:
        return {}[token]
    except KeyError as error:
        raise ConnectionError(f"no answer: {error}") from error


async def coroutine(request, token, resource):
    bearer = token
    await asyncio.sleep(0)
    return await deeper(bearer)


async def deeper(bearer):
    raise ConnectionError(f"no answer about {bearer}")


def no_user(request, claims):
    authorization = request.headers["Authorization"]
    raise ConnectionError(authorization)


def fine(request, token, resource):
    return {"sub": "7"}


# What fails, and for which model the database does.
PROTECTIONS = {
    "verify_token": (BearerProtection(), [SigningKey]),
    "find_user": (BearerProtection(user=find_user), [get_user_model()]),
    "toolkit": (BearerProtection(verify=oauth_toolkit.verify_token), [AccessToken]),
    "toolkit-keys": (BearerProtection(verify=oauth_toolkit.verify_token), [SigningKey]),
    "own": (BearerProtection(verify=own), [get_user_model()]),
    "quoting": (BearerProtection(verify=quoting), []),
    "chained": (BearerProtection(verify=chained), []),
    "coroutine": (BearerProtection(verify=coroutine), []),
    "user": (BearerProtection(verify=fine, user=no_user), []),
}


def view(request):
    return HttpResponse("let in")


async def aview(request):
    return HttpResponse("let in")


class ClassBased(View):
    def post(self, request):
        return HttpResponse("let in")


class Framework(APIView):
    permission_classes = [HasScope]

    def post(self, request):
        return Response("let in")


class Guarded(BearerViewMixin, Framework):
    pass


class Foreign(BaseAuthentication):
    """An authentication class of a project, which has the token in a variable."""

    def authenticate(self, request):
        token = request.headers["Authorization"].partition(" ")[2]
        claims = self.protection.verify(request, token, f"{ORIGIN}/mcp")
        return self.protection.user(request, claims), claims


def served(name, protection):
    mixin = type("Mixin", (BearerRequiredMixin, ClassBased), {"protection": protection})
    bearer = type("Bearer", (BearerAuthentication,), {"protection": protection})
    foreign = type("Mixed", (BearerChallengeMixin, Foreign), {"protection": protection})
    function = api_view(["POST"])(
        authentication_classes([bearer])(permission_classes([HasScope])(view))
    )
    views = {
        "sync": protect(view, protection),
        "async": protect(aview, protection),
        "mixin": mixin.as_view(),
        "framework": Framework.as_view(authentication_classes=[bearer]),
        "guarded": Guarded.as_view(authentication_classes=[bearer]),
        "function": function,
    }
    if protection.verify not in (coroutine, oauth_toolkit.verify_token):
        views["foreign"] = Framework.as_view(authentication_classes=[foreign])
    return {f"{name}/{kind}": one for kind, one in views.items()}


VIEWS = {
    url: one
    for name, (protection, _) in PROTECTIONS.items()
    for url, one in served(name, protection).items()
}
urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    *[path(url, one) for url, one in VIEWS.items()],
    path("token", oauth_toolkit.TokenView.as_view()),
    path("nowhere", protect(view, BearerProtection("/nowhere"))),
]


@pytest.fixture(autouse=True)
def _site(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    settings.ADMINS = [("", ADMIN) if django.VERSION < (6,) else ADMIN]
    settings.DATABASE_ROUTERS = [f"{__name__}.Router"]
    monkeypatch.setattr(Router, "failing", ())


@pytest.fixture
def token(django_user_model):
    rotation.rotate("EdDSA")
    exp = int(time.time()) + 600
    return sign_jwt({"sub": "7", "aud": f"{ORIGIN}/mcp", "scope": "mcp", "exp": exp})


@pytest.fixture
def records():
    """Return the records that are logged, while the administrators get a mail for each error."""

    class Kept(logging.Handler):
        def emit(self, record):
            kept.append(record)

    kept = []
    handlers = [AdminEmailHandler(include_html=True), Kept()]
    handlers[0].setLevel(logging.ERROR)
    loggers = [logging.getLogger(name) for name in ("", "django")]
    for handler in handlers:
        loggers[0].addHandler(handler)
    yield kept
    for handler in handlers:
        loggers[0].removeHandler(handler)


async def _asynchronously(url, headers):
    return await AsyncClient().post(url, b"{}", "application/json", headers=headers)


def post(url, token, **more):
    headers = {"authorization": f"Bearer {token}"}
    if "async" in url:
        return asyncio.run(_asynchronously(f"/{url}", headers))
    return Client().post(f"/{url}", headers=headers, **more)


def variables(error):
    """Yield the variables of every frame of an error and of what led to it."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            yield repr(frame.f_locals)
        error = error.__cause__ or error.__context__


def pages(records):
    """Yield every text that a person may read: the mails, the lines of the log, and variables."""
    for message in mail.outbox:
        yield message.subject
        yield message.body
        yield from (content for content, _ in message.alternatives)
    for record in records:
        yield logging.Formatter().format(record)
        yield repr(getattr(record, "request", ""))
        if record.exc_info:
            yield from variables(record.exc_info[1])


def hides(records, *secrets):
    shown = list(pages(records))
    assert mail.outbox
    assert any(message.alternatives for message in mail.outbox)
    return not [one for one in shown for secret in secrets if secret in one]


FAULT = (500, {"error": "server_error"})


def fails_safely(url, token, records):
    published_keys.__init__()
    assert readable(post(url, token)) == FAULT
    [record] = [one for one in records if getattr(one, "event", "") == "endpoint.failed"]
    assert record.levelno == logging.ERROR
    assert hides(records, token, token[-40:])


@pytest.mark.parametrize("name", PROTECTIONS)
def test_failed_verification_is_json_and_shows_no_token(monkeypatch, token, records, name):
    monkeypatch.setattr(Router, "failing", PROTECTIONS[name][1])
    fails_safely(f"{name}/sync", token, records)


@pytest.mark.parametrize(
    ("kind", "debug"),
    [
        *[(kind, False) for kind in ("mixin", "framework", "guarded", "function", "foreign")],
        ("framework", True),
    ],
)
def test_failed_verification_shows_no_token_in_any_kind_of_view(
    settings, token, records, kind, debug
):
    settings.DEBUG = debug
    fails_safely(f"quoting/{kind}", token, records)


@pytest.mark.parametrize("name", ["verify_token", "coroutine"])
def test_failed_verification_of_an_async_view_shows_no_token(
    transactional_db, monkeypatch, token, records, name
):
    # Not in a transaction: the thread of an async view has a connection of its own.
    monkeypatch.setattr(Router, "failing", PROTECTIONS[name][1])
    fails_safely(f"{name}/async", token, records)


@pytest.mark.parametrize("name", PROTECTIONS)
def test_record_still_names_the_line_that_failed(monkeypatch, token, records, name):
    _, failing = PROTECTIONS[name]
    monkeypatch.setattr(Router, "failing", failing)
    published_keys.__init__()
    post(f"{name}/sync", token)
    [record] = [one for one in records if getattr(one, "event", "") == "endpoint.failed"]
    last = traceback.extract_tb(record.exc_info[2])[-1]
    names = [frame.name for frame in traceback.extract_tb(record.exc_info[2])]
    assert "_judge" in names
    expected = {"coroutine": "deeper", "user": "no_user", "chained": "chained"}
    assert last.name == expected.get(name, "quoting" if name == "quoting" else "db_for_read")
    assert last.line.startswith("raise ")
    assert f"line {last.lineno}, in {last.name}" in logging.Formatter().format(record)
    html = "".join(content for one in mail.outbox for content, _ in one.alternatives)
    assert f"line {last.lineno}, in {last.name}" in html


@pytest.mark.parametrize("kind", ["sync", "async", "framework"])
def test_text_of_the_error_keeps_what_is_not_the_token(token, records, kind):
    post(f"quoting/{kind}", token)
    [record] = [one for one in records if getattr(one, "event", "") == "endpoint.failed"]
    assert "cannot ask about ********" in record.getMessage()
    assert record.exc_info[0] is RuntimeError
    assert token not in record.exc_info[1].url


def test_short_word_as_a_token_takes_nothing_out_of_the_log(records):
    post("nowhere", "nowhere")
    [record] = [one for one in records if getattr(one, "event", "") == "endpoint.failed"]
    assert record.request.META["HTTP_AUTHORIZATION"] == HIDDEN
    assert "'/nowhere' is not a resource of this site" in record.getMessage()


class Asked(Exception):
    """Has its text from what cannot be taken out of it."""

    def __init__(self, asked):
        super().__init__()
        self.asked = asked

    def __str__(self):
        return f"cannot ask about {self.asked}"


@dataclass(frozen=True)
class Frozen(Exception):
    asked: str


def endless(token):
    parts = [token]
    parts.append(parts)
    return RuntimeError(parts)


def caused(token):
    error = RuntimeError("cannot ask")
    error.__cause__ = FileNotFoundError(2, "No such file", f"/cache/{token}")
    return error


def grouped(token, text="cannot ask"):
    """A group of errors, as Python has them from 3.11 on and packages before."""
    error = RuntimeError(text)
    error.exceptions = (OSError(5, f"no answer about {token}"),)
    return error


ERRORS = {
    "number": lambda token: ConnectionRefusedError(111, f"no answer about {token}"),
    "file": lambda token: FileNotFoundError(2, "No such file", f"/cache/{token}"),
    "dict": lambda token: RuntimeError({"asked": [token]}),
    "set": lambda token: RuntimeError({token}, frozenset([token])),
    "nested": lambda token: RuntimeError(ValueError(f"odd: {token}")),
    "own text": lambda token: Asked({"token": token}),
    "frozen": lambda token: Frozen(token),
    "endless": endless,
    "cause": caused,
    "group": grouped,
    "no group": lambda token: type("Odd", (Exception,), {"exceptions": None})(token),
    "no text": lambda token: type("Dumb", (Exception,), {"__str__": lambda self: None})(token),
}


@pytest.mark.parametrize("name", ERRORS)
def test_token_is_in_no_text_of_an_error_wherever_it_has_it_from(rf, records, name):
    def verify(request, token, resource):
        raise ERRORS[name](token)

    request = rf.post("/mcp", headers={"authorization": f"Bearer {SECRET}"})
    response = BearerProtection(verify=verify)(request)
    assert (response.status_code, json.loads(response.content)) == FAULT
    [record] = [one for one in records if getattr(one, "event", "") == "endpoint.failed"]
    assert record.exc_info[0].__name__ == type(ERRORS[name]("x")).__name__
    assert "in verify" in logging.Formatter().format(record)
    assert hides(records, SECRET)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no groups of errors")
def test_token_is_in_no_text_of_a_group_of_errors(rf, records):
    def verify(request, token, resource):
        raise ExceptionGroup("two", [OSError(5, f"no {token}")])  # noqa: F821

    request = rf.post("/mcp", headers={"authorization": f"Bearer {SECRET}"})
    assert BearerProtection(verify=verify)(request).status_code == 500
    assert hides(records, SECRET)


def test_token_is_not_in_the_text_of_a_bad_request_that_a_verifier_finds(rf, records):
    def verify(request, token, resource):
        raise SuspiciousOperation(f"odd: {token}")

    request = rf.post("/mcp", headers={"authorization": f"Bearer {SECRET}"})
    assert BearerProtection(verify=verify)(request).status_code == 400
    [record] = [one for one in records if getattr(one, "event", "") == "request.refused"]
    assert record.getMessage() == "odd: ********"
    assert hides(records, SECRET)


@pytest.mark.parametrize(("path", "status"), [("/mcp", 500), ("/mcp?" + "x=1&" * 1001, 400)])
@pytest.mark.parametrize("kind", ["rf", "async_rf"])
def test_request_of_a_record_has_no_token_under_any_name(request, records, kind, path, status):
    """Not in its headers, which are kept once they are read, nor where the server put them."""

    def verify(request, token, resource):
        if status == 500:
            raise ConnectionError("no answer")
        return {"sub": "7"}

    sent = request.getfixturevalue(kind).post(path, headers={"authorization": f"Bearer {SECRET}"})
    assert BearerProtection(verify=verify)(sent).status_code == status
    [shown] = [one.request for one in records if getattr(one, "event", None)]
    for place in (shown.META, dict(shown.headers)):
        assert SECRET not in repr(place)
    for name in ("environ", "scope"):
        assert SECRET not in repr(getattr(shown, name, ""))


SECRET = "opaque/secret+of~a.client=="
QUERIES = [
    f"?access_token={SECRET}",
    f"?x=1&access_token={quote(SECRET, safe='')}&y=2",
    f"?access%5Ftoken={SECRET}",
    "?" + "x=1&" * 1001 + f"access_token={SECRET}",
]
FORM = "application/x-www-form-urlencoded"
BODIES = [
    (f"access_token={quote(SECRET)}", FORM),
    (f"x=1&access_token={SECRET}&" + "x=1&" * 1001, FORM),
    (f"access_token={SECRET}", f"{FORM}; charset=nonsense"),
    (f"access_token={SECRET}", "multipart/form-data; boundary=x"),
]
# As gunicorn and uWSGI pass the line of the request on.
RAW = ("RAW_URI", "REQUEST_URI", "HTTP_REFERER")


@pytest.mark.parametrize("query", QUERIES)
def test_token_in_a_query_is_not_shown(records, query):
    raw = {name: f"/nowhere{query}" for name in RAW if "%5F" not in query}
    response = Client().post(f"/nowhere{query}", **raw)
    assert readable(response) == FAULT
    assert hides(records, SECRET, quote(SECRET), quote(SECRET, safe=""))


@pytest.mark.parametrize(("body", "content_type"), BODIES)
def test_token_in_a_form_is_not_shown(records, body, content_type):
    response = Client().generic("POST", "/nowhere", body, content_type)
    assert readable(response) == FAULT
    assert hides(records, SECRET, quote(SECRET))


def test_token_in_the_query_of_a_document_is_not_shown(settings, records):
    settings.MCP_JWKS_MAX_AGE = -1
    url = f"{JWKS}?access_token={SECRET}"
    response = Client().get(url, headers={"authorization": f"Bearer {SECRET}"})
    assert readable(response) == FAULT
    assert hides(records, SECRET)


def test_token_in_the_query_of_a_refused_host_is_not_shown_and_still_there(settings, rf, records):
    del settings.MCP_ISSUER
    request = rf.post(f"/mcp?access_token={SECRET}", headers={"host": "evil.test"})
    assert BearerProtection()(request).status_code == 401
    assert "access_token" in request.GET
    assert HIDDEN not in request.GET["access_token"]
    assert hides(records, SECRET)


@pytest.mark.parametrize("error", [SuspiciousOperation("odd"), BadRequest("odd")])
@pytest.mark.parametrize("kind", ["sync", "framework"])
def test_bad_request_that_a_verifier_raises_is_a_400(rf, error, kind):
    def verify(request, token, resource):
        raise error

    protection = BearerProtection(verify=verify)
    one = served("x", protection)[f"x/{kind}"]
    response = one(rf.post("/mcp", headers={"authorization": "Bearer x"}))
    assert response.status_code == 400
    assert response["Access-Control-Allow-Origin"] == "*"


def test_refusal_of_django_and_of_rest_framework_are_their_own(rf):
    def verify(request, token, resource):
        raise PermissionDenied if token == "denied" else Throttled()

    views = served("x", BearerProtection(verify=verify))
    with pytest.raises(PermissionDenied):
        views["x/sync"](rf.post("/mcp", headers={"authorization": "Bearer denied"}))
    answers = [
        views["x/framework"](rf.post("/mcp", headers={"authorization": f"Bearer {token}"}))
        for token in ("denied", "throttled")
    ]
    assert [answer.status_code for answer in answers] == [403, 429]


def test_invalid_token_of_another_authentication_class_is_a_401(rf):
    def verify(request, token, resource):
        raise InvalidToken("Not that one")

    one = served("x", BearerProtection(verify=verify))["x/foreign"]
    answer = one(rf.post("/mcp", headers={"authorization": "Bearer x"}))
    assert answer.status_code == 401
    assert 'error_description="Not that one"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize("name", ["refresh_token", "code", "client_secret", "code_verifier"])
def test_form_of_a_token_endpoint_that_fails_is_not_shown(monkeypatch, records, name):
    monkeypatch.setattr(Router, "failing", [AccessToken, get_refresh_token_model()])
    client = Client(raise_request_exception=False)
    assert client.post("/token", {"grant_type": "refresh_token", name: SECRET}).status_code == 500
    # This exception is for Django, which hides variables where it shows them.
    assert hides([], SECRET)


@pytest.mark.parametrize("act", [verify_jwt, verify_token, oauth_toolkit.verify_token, "claims"])
def test_verification_by_hand_hides_its_variables(rf, monkeypatch, token, records, act):
    monkeypatch.setattr(Router, "failing", [SigningKey])
    published_keys.__init__()
    request = rf.post("/mcp", headers={"authorization": f"Bearer {token}"})
    arguments = (request, token, f"{ORIGIN}/mcp")
    try:
        if act is verify_jwt:
            verify_jwt(token, audience=f"{ORIGIN}/mcp")
        elif act == "claims":
            BearerAuthentication().authenticate(Request(request))
        else:
            act(*arguments)
    except OperationalError as error:
        # Without the frame of this test.
        shown = error.with_traceback(error.__traceback__.tb_next)
        logging.getLogger("project").error("failed", exc_info=shown)
    [message] = mail.outbox
    assert FAILURE in message.body
    assert token not in message.body + message.alternatives[0][0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["sync", "framework"])
def test_failed_verification_undoes_the_transaction_of_the_request(monkeypatch, kind):
    def verify(request, token, resource):
        get_user_model().objects.create_user("half-done")
        raise ConnectionError

    one = served("x", BearerProtection(verify=verify))[f"x/{kind}"]
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    monkeypatch.setattr("tests.test_error_mails.urlpatterns", [path("atomic", one)])
    assert post("atomic", "x" * 20).status_code == 500
    assert not get_user_model().objects.exists()
