"""The pages for users: consent for each request of a client, and sign-in."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.mixins import AccessMixin
from django.contrib.auth.views import LoginView
from django.contrib.sites.requests import RequestSite
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.templatetags.static import static
from django.urls import NoReverseMatch, get_script_prefix, is_valid_path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_protect
from django.views.generic.base import View
from oauth2_provider import views
from oauth2_provider.models import get_application_model
from oauthlib.oauth2.rfc6749.errors import InvalidRedirectURIError, InvalidRequestFatalError

from mcp_oauth_discovery.conf import Misconfigured, project_setting
from mcp_oauth_discovery.contrib.oauth_toolkit.requests import (
    BadParameters,
    read_parameters,
    refuse_redirect_uri,
    with_issuer,
)
from mcp_oauth_discovery.contrib.oauth_toolkit.wording import client_name, destination
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.standards.identifiers import check_url

try:
    from oauth2_provider.core.exceptions import FatalClientError
except ModuleNotFoundError:
    # django-oauth-toolkit up to 3.4.
    from oauth2_provider.exceptions import FatalClientError

STYLE = "mcp_oauth_discovery/oauth.css"


class Page(View):
    """A page for people, which loads only its style, and which no cache keeps."""

    # A form of another site is refused also if the project has no CsrfViewMiddleware.
    @method_decorator([login_not_required, csrf_protect])
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = self.answer(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = self.content_security_policy()
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        # With "no-referrer", browsers would send no origin, and Django would refuse the form.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the page, or a redirect, without the headers of a page."""
        return super().dispatch(request, *args, **kwargs)

    def content_security_policy(self) -> str:
        """Return the policy of the page; override it if your own template loads more."""
        style = urlsplit(static(STYLE))
        source = f"{style.scheme}://{style.netloc}" if style.scheme else style.netloc or "'self'"
        # No form-action: browsers apply it to the redirect to the client, and the code never
        # arrives.
        return f"default-src 'none'; style-src {source}; base-uri 'none'; frame-ancestors 'none'"


class SignInView(Page, LoginView):
    """Ask for a user name and a password, if the site has no sign-in page of its own."""

    template_name = "mcp_oauth_discovery/oauth/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # That of LoginView fails if the app `sites` has no row for this host.
        site = RequestSite(self.request)
        inherited = super(LoginView, self).get_context_data(**kwargs)
        names = {"site": site, "site_name": site.name}
        return {**names, self.redirect_field_name: self.get_redirect_url(), **inherited}


class ConsentView(Page, views.AuthorizationView):  # type: ignore[misc]
    """Ask the user each time, unless the application has `skip_authorization`.

    The page says who requests what, and where the answer goes. Each answer to a client has `iss`,
    the issuer of this site, errors included.
    """

    template_name = "mcp_oauth_discovery/oauth/consent.html"

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            read_parameters(request)
        except BadParameters as error:
            return self._refuse(InvalidRequestFatalError(str(error)))
        return super().answer(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # With approval_prompt=auto in its link, a client that already has a token would get one for
        # another resource without the consent of the user.
        parameters = request.GET.copy()
        parameters["approval_prompt"] = "force"
        request.GET = parameters  # type: ignore[assignment]
        response: HttpResponse = super().get(request, *args, **kwargs)
        return response

    def handle_no_permission(self) -> HttpResponse:
        # With prompt=none, the toolkit itself would fetch the document of a client for anyone.
        if self.request.GET.get("client_id", "").lower().startswith("https:"):
            return AccessMixin.handle_no_permission(self)
        response: HttpResponse = super().handle_no_permission()
        return response

    def validate_authorization_request(self, request: HttpRequest) -> tuple[list[str], Any]:
        scopes, credentials = super().validate_authorization_request(request)
        # The page and its form have the resources in the spelling of `Validator`.
        if resources := credentials["request"].resource:
            parameters = request.GET.copy()
            parameters.setlist("resource", resources)
            request.GET = parameters  # type: ignore[assignment]
        return scopes, credentials

    def form_invalid(self, form: Form) -> HttpResponse:
        return self._refuse(InvalidRequestFatalError("The form is incomplete."))

    def form_valid(self, form: Form) -> HttpResponse:
        # The toolkit itself would send a refusal to any URL in the form.
        client_id, uri = form.cleaned_data["client_id"], form.cleaned_data["redirect_uri"]
        application = get_application_model().objects.filter(client_id=client_id).first()
        try:
            # The toolkit fails on an invalid URL before it calls `Validator`.
            for resource in form.cleaned_data["resource"].split():
                check_url(resource)
        except ValueError:
            return self.form_invalid(form)
        try:
            refuse_redirect_uri(uri)
            if application is None or not application.redirect_uri_allowed(uri):
                raise InvalidRedirectURIError("The client has no such redirect URI.")
        except InvalidRedirectURIError as error:
            return self._refuse(error)
        response: HttpResponse = super().form_valid(form)
        return response

    def redirect(self, redirect_to: str, application: Any) -> HttpResponse:
        # RFC 9207 §2: the toolkit itself sends `iss` with a code, but not with an error.
        # Without a valid issuer, the metadata that could promise `iss` are a 500, and are logged.
        with suppress(Misconfigured):
            redirect_to = with_issuer(redirect_to, Site(self.request).issuer)
        response: HttpResponse = super().redirect(redirect_to, application)
        answer = response.headers["Location"]
        error = _error_in(answer)
        trusted = application is not None and application.skip_authorization
        if error is None or trusted or self.request.method == "POST":
            return response
        # RFC 9700 §4.11.2: anyone can register a client, and a link to this site must not redirect
        # to it before the user has pressed a button.
        context = {"error": error, "answer": answer, "destination": destination(answer)}
        page: HttpResponse = self.render_to_response(context, status=HTTPStatus.BAD_REQUEST)
        return page

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        uri = kwargs["redirect_uri"]
        context: dict[str, Any] = super().get_context_data(
            **kwargs,
            name=client_name(kwargs["application"].name, uri),
            destination=destination(uri),
            resources=kwargs.get("resource", "").split(),
        )
        return context

    def get_login_url(self) -> str:
        """Return LOGIN_URL if it leads to a view of this site, or else the page of this package."""
        url = str(self.login_url or project_setting("LOGIN_URL", ""))
        if not _is_served(url):
            # A project may route this view without the page.
            with suppress(NoReverseMatch):
                return reverse("oauth2_provider:login")
        return url

    def _refuse(self, error: Exception) -> HttpResponse:
        refusal: HttpResponse = self.error_response(FatalClientError(error), None)
        return refusal


def _error_in(url: str) -> dict[str, str] | None:
    """Return the error in an authorization response, or None if it has none."""
    parts = urlsplit(url)
    parameters = parse_qs(f"{parts.query}&{parts.fragment}")
    if "error" not in parameters:
        return None
    [*_, error] = parameters["error"]
    return {"error": error, "description": parameters.get("error_description", [""])[-1]}


def _is_served(url: str) -> bool:
    """Return whether a value of LOGIN_URL leads to another site, or to a view of this one."""
    try:
        parts = urlsplit(resolve_url(url))
        if parts.netloc:
            return True
        # What is not below the prefix is not of this site.
        path, prefix = parts.path, get_script_prefix()
    except NoReverseMatch:
        return False
    rest = path.removeprefix(prefix)
    # LocaleMiddleware redirects to a page in `i18n_patterns`.
    candidates = f"/{rest}", f"/{get_language()}/{rest}"
    return path.startswith(prefix) and any(map(is_valid_path, candidates))
