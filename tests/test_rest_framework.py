"""Django REST framework, the real one, behind the same challenges."""

from __future__ import annotations

import time

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import path
from rest_framework import views
from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.exceptions import APIException, NotFound
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerChallengeMixin,
    BearerViewMixin,
    HasScope,
)
from mcp_oauth_discovery.identity.lookup import UnknownResource
from mcp_oauth_discovery.protection import BearerProtection, find_user
from mcp_oauth_discovery.signing import InvalidToken, sign_jwt
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN, PRM
from tests.nasty import REPRESENTATIVE

pytestmark = pytest.mark.django_db

URL = f"{ORIGIN}{PRM}/mcp"


class Hello(APIView):
    authentication_classes = [BearerAuthentication]
    permission_classes = [IsAuthenticated]

    def post(self, request):
        return Response({"user": request.user.get_username(), "claims": request.auth})


class MCPAuthentication(BearerAuthentication):
    protection = BearerProtection("/mcp", scope="mcp", user=find_user)


class Scoped(Hello):
    authentication_classes = [MCPAuthentication, SessionAuthentication]
    permission_classes = [HasScope]


class Reports(Scoped):
    required_scope = ["reports:read", "mcp"]


class OutsideAuthentication(BearerAuthentication):
    protection = BearerProtection("/mcp")


class Strangers(Hello):
    """Takes tokens whose users are not of this site."""

    authentication_classes = [OutsideAuthentication]
    permission_classes = [HasScope]


class Foreign(BearerChallengeMixin, TokenAuthentication):
    """An authentication class of somebody else, which says `Bearer` already."""

    protection = BearerProtection("/mcp", scope="mcp")
    keyword = "Bearer"

    def authenticate_credentials(self, key):
        return None


class Mixed(BearerChallengeMixin, BaseAuthentication):
    """An authentication class of somebody else, whose `auth` is what the token says."""

    protection = BearerProtection("/mcp", scope="mcp")

    def authenticate(self, request):
        said = {"Bearer mcp": {"scope": "mcp"}, "Bearer other": {"scope": "other"}}
        return AnonymousUser(), said.get(request.headers["authorization"], "opaque")


REPEATING = BearerProtection("/mcp", scope="admin", user=find_user, repeat_granted=True)


class Hasty(Mixed):
    protection = REPEATING

    def authenticate(self, request):
        raise self.refusal(request, "insufficient_scope")


class Open(Hello):
    permission_classes = [AllowAny]


class Nobody(AllowAny):
    def has_permission(self, request, view):
        return False


class Nowhere(BearerAuthentication):
    protection = BearerProtection("/nowhere", user=find_user)


class NowhereMixed(Mixed):
    protection = BearerProtection("/nowhere", scope="mcp")


class Second(Hello):
    """Asks for a session first, so that REST framework takes the challenge from there."""

    authentication_classes = [SessionAuthentication, MCPAuthentication]


@api_view(["POST"])
@authentication_classes([MCPAuthentication])
@permission_classes([HasScope])
def function(request):
    return Response({"user": request.user.get_username()})


class Broken(Hello):
    def post(self, request):
        raise ZeroDivisionError


class Answering(BearerViewMixin, APIView):
    """Answers to everybody, by the status in the URL and a header."""

    authentication_classes = [MCPAuthentication]

    def post(self, request, status):
        header = request.headers.get("x-answer")
        return Response({"own": 1}, status, headers={"WWW-Authenticate": header} if header else {})

    def get(self, request, status):
        return self.post(request, status)


class Demanding(Answering):
    required_scope = "reports:read"


class Guarded(BearerViewMixin, Scoped):
    """Has everything."""


class Tools(BearerViewMixin, ViewSet):
    authentication_classes = [MCPAuthentication]
    permission_classes = [HasScope]

    def list(self, request):
        return Response([])


urlpatterns = [
    path("second", Second.as_view()),
    path("function", function),
    path("broken", Broken.as_view()),
    path("nowhere", Hello.as_view(authentication_classes=[Nowhere])),
    path("nowhere/mixed", Scoped.as_view(authentication_classes=[NowhereMixed])),
    path("nowhere/guarded", Guarded.as_view(authentication_classes=[Nowhere])),
    path("nowhere/answer/<int:status>", Answering.as_view(authentication_classes=[Nowhere])),
    path("answer/<int:status>", Answering.as_view()),
    path("demand/<int:status>", Demanding.as_view()),
    path("session/<int:status>", Answering.as_view(authentication_classes=[])),
    path("guarded", Guarded.as_view()),
    path("tools", Tools.as_view({"get": "list"})),
    path("mcp", Hello.as_view()),
    path("scoped", Scoped.as_view()),
    path("reports", Reports.as_view()),
    path("strangers", Strangers.as_view()),
    path("open", Open.as_view()),
    path("foreign", Hello.as_view(authentication_classes=[Foreign])),
    path(
        "repeating",
        Scoped.as_view(
            authentication_classes=[
                type("Repeating", (BearerAuthentication,), {"protection": REPEATING})
            ]
        ),
    ),
    path(
        "repeating-mixed",
        Scoped.as_view(authentication_classes=[type("M", (Mixed,), {"protection": REPEATING})]),
    ),
    path("hasty", Scoped.as_view(authentication_classes=[Hasty])),
    path("mixed", Scoped.as_view(authentication_classes=[Mixed])),
    path("somebody", Hello.as_view(authentication_classes=[TokenAuthentication])),
    path("session", Hello.as_view(authentication_classes=[SessionAuthentication])),
    path("other-permission", Hello.as_view(permission_classes=[Nobody])),
]


def own_handler(exc, context):
    """Handle exceptions as a project does that wants a header of its own."""
    response = views.exception_handler(exc, context)
    if response is not None:
        response["X-Own"] = "1"
    return response


HANDLERS = {
    "default": "rest_framework.views.exception_handler",
    "ours": "mcp_oauth_discovery.contrib.rest_framework.exception_handler",
    "own": f"{__name__}.own_handler",
}


EVERY_HANDLER = pytest.mark.parametrize("_site", HANDLERS, indirect=True)


@pytest.fixture(autouse=True)
def _site(request, settings):
    handler = getattr(request, "param", "default")
    settings.ROOT_URLCONF = __name__
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    settings.REST_FRAMEWORK = {
        "EXCEPTION_HANDLER": HANDLERS[handler],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    }
    rotation.rotate("EdDSA")


@pytest.fixture
def user(django_user_model):
    return django_user_model.objects.create_user("ada")


@pytest.fixture
def token(user):
    def token(**claims):
        exp = int(time.time()) + 600
        right = {"sub": str(user.pk), "aud": f"{ORIGIN}/mcp", "scope": "mcp", "exp": exp}
        return sign_jwt({**right, **claims})

    return token


@pytest.fixture
def call():
    def call(url, authorization=None, method="POST", headers=None, **kwargs):
        credentials = {} if authorization is None else {"authorization": authorization}
        headers = {**credentials, **(headers or {})}
        client = Client(enforce_csrf_checks=True)
        return client.generic(method, url, headers=headers, **kwargs)

    return call


def said(response):
    """Return status and parameters of a refusal that every script may read and no cache keep."""
    assert response["Cache-Control"] == "no-store"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Expose-Headers"] == "WWW-Authenticate"
    [challenge] = parse(response["WWW-Authenticate"])
    assert challenge.scheme == "Bearer"
    return response.status_code, dict(challenge.parameters)


def test_right_token_signs_its_user_in(call, token):
    response = call("/mcp", f"Bearer {token()}")
    assert response.status_code == 200
    assert (response.json()["user"], response.json()["claims"]["scope"]) == ("ada", "mcp")


@EVERY_HANDLER
def test_first_contact_is_a_401_without_error(call):
    assert said(call("/mcp")) == (401, {"resource_metadata": URL})


@pytest.mark.parametrize("authorization", ["Bearer x", "Bearer", "Bearer a b"])
def test_what_is_no_token_is_a_401_with_error(call, authorization):
    status, parameters = said(call("/mcp", authorization))
    assert (status, parameters["error"]) == (401, "invalid_token")
    assert parameters["resource_metadata"] == URL


@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({"exp": 1}, "The token has expired"),
        ({"aud": ORIGIN}, "The token is not valid for this resource"),
        ({"sub": "0"}, "The user of the token cannot sign in"),
    ],
)
def test_refused_token_is_told_why_in_header_and_body(call, token, claims, detail):
    response = call("/mcp", f"Bearer {token(**claims)}")
    assert said(response) == (
        401,
        {"resource_metadata": URL, "error": "invalid_token", "error_description": detail},
    )
    assert response.json() == {"detail": detail}


def test_text_that_no_header_carries_is_left_out(rf):
    def verify(request, token, resource):
        raise InvalidToken('é"')

    odd = type("Odd", (BearerAuthentication,), {"protection": BearerProtection(verify=verify)})
    view = Hello.as_view(authentication_classes=[odd])
    answer = view(rf.post("/mcp", headers={"authorization": "Bearer x"}))
    assert (answer.status_code, "é" in answer.data["detail"]) == (401, False)
    assert "error_description" not in said(answer)[1]


def test_token_in_two_places_is_a_bad_request(call, token):
    status, parameters = said(call("/mcp?access_token=x", f"Bearer {token()}"))
    assert (status, parameters["error"]) == (400, "invalid_request")


@EVERY_HANDLER
def test_scope_of_the_protection_is_required(call, token):
    assert call("/scoped", f"Bearer {token()}").status_code == 200
    assert said(call("/scoped", f"Bearer {token(scope='other')}")) == (
        403,
        {"resource_metadata": URL, "scope": "mcp", "error": "insufficient_scope"},
    )


def test_scope_of_the_view_goes_first_and_is_named_as_a_whole(call, token):
    assert call("/reports", f"Bearer {token(scope='mcp reports:read')}").status_code == 200
    for response, status in [(call("/reports", f"Bearer {token()}"), 403), (call("/reports"), 401)]:
        found, parameters = said(response)
        assert (found, parameters["scope"]) == (status, "reports:read mcp")


@pytest.mark.parametrize("url", ["/repeating", "/repeating-mixed"])
def test_403_repeats_the_scopes_of_the_token_if_configured(call, token, url):
    credentials = token(scope="zone mcp offline_access") if url == "/repeating" else "other"
    status, parameters = said(call(url, f"Bearer {credentials}"))
    repeated = "mcp zone" if url == "/repeating" else "other"
    assert (status, parameters["scope"]) == (403, f"admin {repeated}")


def test_class_that_judges_the_scope_while_it_authenticates_repeats_nothing(call):
    status, parameters = said(call("/hasty", "Bearer other"))
    assert (status, parameters["scope"]) == (403, "admin")


def test_user_of_another_site_is_anonymous_and_has_claims(call, token):
    response = call("/strangers", f"Bearer {token(sub='auth0|7')}")
    assert (response.status_code, response.json()["user"]) == (200, "")


def test_session_has_no_scope(client, user):
    client.force_login(user)
    assert client.post("/scoped").status_code == 403


@pytest.mark.parametrize("authorization", [None, "Bearer x"])
def test_mixin_gives_the_challenge_to_a_class_of_somebody_else(call, authorization):
    status, parameters = said(call("/foreign", authorization))
    assert (status, parameters["scope"], parameters["resource_metadata"]) == (401, "mcp", URL)
    assert ("error" in parameters) == (authorization is not None)


def test_scope_that_a_class_of_somebody_else_found_is_looked_at(call):
    assert call("/mixed", "Bearer mcp").status_code == 200
    for authorization in ("Bearer other", "Bearer opaque"):
        assert said(call("/mixed", authorization)) == (
            403,
            {"resource_metadata": URL, "scope": "mcp", "error": "insufficient_scope"},
        )


@pytest.mark.parametrize("authorization", [None, "Bearer x", "Bearer x, Bearer y"])
def test_function_is_challenged_like_a_class(call, token, authorization):
    status, parameters = said(call("/function", authorization))
    assert (status in (400, 401), parameters["resource_metadata"]) == (True, URL)
    assert call("/function", f"Bearer {token()}").status_code == 200


def test_wrong_token_is_a_401_where_the_class_is_not_the_first(call):
    assert said(call("/second", "Bearer x"))[0] == 401


@EVERY_HANDLER
@pytest.mark.parametrize("authorization", [None, "Bearer x", "Bearer x, Bearer y"])
def test_options_is_never_challenged(call, authorization):
    preflight(call("/mcp", authorization, "OPTIONS"))


@pytest.mark.parametrize("url", ["/scoped", "/foreign", "/function", "/guarded"])
def test_options_of_no_view_is_challenged(call, url):
    preflight(call(url, "Bearer x", "OPTIONS"))


def preflight(response):
    assert (response.status_code, response.content) == (204, b"")
    assert "WWW-Authenticate" not in response
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "authorization" in response["Access-Control-Allow-Headers"].split(", ")


def test_options_with_a_token_that_lacks_a_scope_is_not_challenged(call, token):
    preflight(call("/scoped", f"Bearer {token(scope='other')}", "OPTIONS"))


def test_options_of_an_open_view_is_that_of_rest_framework(call):
    response = call("/open", method="OPTIONS")
    assert (response.status_code, response.json()["name"]) == (200, "Open")
    assert "Access-Control-Allow-Origin" not in response


def test_options_with_a_token_is_that_of_rest_framework(call, token):
    response = call("/mcp", f"Bearer {token()}", "OPTIONS")
    assert (response.status_code, response.json()["name"]) == (200, "Hello")


@EVERY_HANDLER
def test_refusal_that_is_not_about_tokens_is_passed_on(call, token):
    for url, status in [("/session", 403), ("/other-permission", 403)]:
        response = call(url, f"Bearer {token()}")
        assert (response.status_code, "WWW-Authenticate" in response) == (status, False)
        assert "Access-Control-Allow-Origin" not in response


def test_view_that_is_open_needs_no_token(call):
    assert call("/open").json()["claims"] is None


def readable(response):
    """Return status and body of an answer that every script may read and no cache keep."""
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in response
    return response.status_code, response.json()


@pytest.mark.parametrize("url", ["/mcp", "/guarded", "/mixed"])
def test_disabled_resource_is_a_404_that_a_script_may_read(settings, call, token, url):
    settings.MCP_RESOURCES = {"/mcp": {"enabled": False}}
    authorizations = ["Bearer other"] if url == "/mixed" else [None, "Bearer", f"Bearer {token()}"]
    for authorization in authorizations:
        assert readable(call(url, authorization)) == (404, {"error": "not_found"})
    options = call(url, authorizations[0], "OPTIONS")
    assert (options.status_code, options["Access-Control-Allow-Origin"]) == (404, "*")


@EVERY_HANDLER
@pytest.mark.parametrize(
    ("url", "authorization"),
    [
        ("/nowhere", None),
        ("/nowhere", "Bearer other, Bearer"),
        ("/nowhere/mixed", "Bearer other"),
        ("/nowhere/guarded", "Bearer other"),
    ],
)
def test_resource_that_is_not_configured_is_a_500_as_json(call, caplog, url, authorization):
    assert readable(call(url, authorization)) == (500, {"error": "server_error"})
    [record] = [one for one in caplog.records if getattr(one, "event", "") == "endpoint.failed"]
    assert "'/nowhere' is not a resource of this site" in record.getMessage()
    preflight(call(url, authorization, "OPTIONS"))


def test_fault_is_raised_where_there_is_no_view_to_answer_it(rf):
    with pytest.raises(UnknownResource):
        Nowhere().authenticate_header(Request(rf.post("/nowhere")))
    with pytest.raises(UnknownResource):
        Nowhere().authenticate(Request(rf.post("/", headers={"authorization": "Bearer x"})))


def test_challenge_is_made_without_a_view(rf):
    header = BearerAuthentication().authenticate_header(Request(rf.post("/mcp")))
    assert header == f'Bearer resource_metadata="{URL}"'


@EVERY_HANDLER
def test_error_of_a_view_is_still_raised(call, token):
    with pytest.raises(ZeroDivisionError):
        call("/broken", f"Bearer {token()}")


@pytest.mark.parametrize("_site", ["own"], indirect=True)
@pytest.mark.parametrize("authorization", [None, "Bearer x"])
def test_handler_of_the_project_still_has_its_say(call, authorization):
    response = call("/mcp", authorization)
    assert said(response)[0] == 401
    assert response["X-Own"] == "1"


@pytest.mark.parametrize("_site", ["ours"], indirect=True)
def test_handler_of_ours_is_for_classes_of_somebody_else_too(call):
    refusal = call("/somebody")
    assert (refusal.status_code, refusal["WWW-Authenticate"]) == (401, "Token")
    assert refusal["Cache-Control"] == "no-store"
    assert refusal["Access-Control-Expose-Headers"] == "WWW-Authenticate"
    preflight(call("/somebody", method="OPTIONS"))


def test_refusal_that_somebody_swallows_leaves_no_trace(rf, token):
    """As REST framework does when it asks which views to put into a schema."""

    class Curious(Strangers):
        required_scope = "mcp"

        def post(self, request):
            with pytest.raises(APIException):
                HasScope().has_permission(request, self)
            if request.headers.get("x-missing"):
                raise NotFound
            return Response({})

        def check_permissions(self, request):
            pass

    view, headers = Curious.as_view(), {"authorization": f"Bearer {token(scope='other')}"}
    for more, status in [({}, 200), ({"x-missing": "1"}, 404)]:
        response = view(rf.post("/mcp", headers={**headers, **more}))
        assert response.status_code == status
        assert "Access-Control-Allow-Origin" not in response


# The mixin of the views


def test_mixin_of_the_view_lets_in_whom_the_view_lets_in(call, token):
    assert call("/guarded", f"Bearer {token()}").status_code == 200
    assert call("/tools", f"Bearer {token()}", "GET").json() == []
    assert said(call("/tools", method="GET"))[0] == 401
    assert said(call("/guarded", f"Bearer {token(scope='other')}"))[0] == 403
    assert said(call("/guarded", "Bearer x, Bearer y"))[0] == 400


@pytest.mark.parametrize("url", ["/guarded", "/tools", "/answer/200", "/session/200"])
def test_mixin_of_the_view_answers_options_before_anybody_else(call, token, url):
    for authorization in (None, "Bearer x", f"Bearer {token()}"):
        headers = {"accept": "text/event-stream"}
        preflight(call(url, authorization, "OPTIONS", headers=headers))


@pytest.mark.parametrize(
    ("url", "header", "challenge"),
    [
        ("/answer/401", "", f'Bearer resource_metadata="{URL}", scope="mcp"'),
        ("/demand/401", "", f'Bearer resource_metadata="{URL}", scope="reports:read"'),
        ("/session/401", "", f'Bearer resource_metadata="{URL}"'),
        (
            "/answer/401",
            "Basic realm=x",
            f'Bearer resource_metadata="{URL}", scope="mcp", Basic realm=x',
        ),
        ("/answer/403", 'Bearer scope="a"', f'Bearer resource_metadata="{URL}", scope="a"'),
    ],
)
def test_refusal_of_the_view_itself_gets_what_its_challenge_lacks(call, url, header, challenge):
    response = call(url, headers={"x-answer": header})
    said(response) if "Basic" not in header else None
    assert response["WWW-Authenticate"] == challenge
    assert response["Cache-Control"] == "no-store"
    assert response.json() == {"own": 1}


@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_other_answer_of_the_view_is_passed_on(call, status):
    response = call(f"/answer/{status}")
    assert response.status_code == status
    assert {"WWW-Authenticate", "Access-Control-Allow-Origin"}.isdisjoint(response.headers)


def test_refusal_of_the_view_itself_is_a_500_where_no_challenge_can_be_made(call):
    assert readable(call("/nowhere/answer/401")) == (500, {"error": "server_error"})
    assert call("/nowhere/answer/200").json() == {"own": 1}


def test_mixin_of_the_view_is_refused_after_the_view():
    with pytest.raises(TypeError, match=r"Write class Late\(BearerViewMixin, APIView\)"):
        type("Late", (APIView, BearerViewMixin), {})


@pytest.mark.parametrize("value", REPRESENTATIVE)
def test_nasty_credentials_are_refused_like_any_other(call, value):
    for authorization in (value, f"Bearer {value}"):
        response = call("/mcp", authorization)
        status, parameters = said(response)
        assert status in (400, 401)
        assert set(parameters) <= {"resource_metadata", "error", "error_description"}
        assert value not in response["WWW-Authenticate"]
