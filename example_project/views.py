"""The pages and endpoints of django-oauth-toolkit, with stricter rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.core.exceptions import SuspiciousOperation
from django.db import DataError, IntegrityError, router, transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView
from django.views.generic.base import View
from oauth2_provider import views
from oauth2_provider.models import get_application_model

from example_project.clients import check_metadata
from example_project.wording import client_name, destination
from mcp_oauth_discovery.contrib import oauth_toolkit
from mcp_oauth_discovery.contrib.oauth_requests import answer_in_json

# No form-action: browsers apply it to the redirect to the client, and the code never arrives.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"


class Page(View):
    """A page for people, which loads only its style, and which no cache keeps."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
        return response


class HomeView(Page, TemplateView):
    template_name = "example_project/home.html"


class SignInView(Page, LoginView):
    template_name = "example_project/login.html"


class ConsentView(Page, oauth_toolkit.ConsentView):
    """Show who requests what, and where the answer goes, before any redirect to a client."""

    template_name = "example_project/consent.html"

    def redirect(self, redirect_to: str, application: Any) -> HttpResponse:
        """Send the browser to the client only after the user has pressed a button.

        RFC 9700 §4.11.2: anyone can register a client, and a link to this site must not redirect
        to it without a question.
        """
        response = super().redirect(redirect_to, application)
        trusted = application is not None and application.skip_authorization
        if self.request.method == "POST" or trusted:
            return response
        answer = response.headers["Location"]
        return self._show_error(_error_in(answer), answer=answer)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        uri = kwargs["redirect_uri"]
        context: dict[str, Any] = super().get_context_data(
            **kwargs,
            name=client_name(kwargs["application"].name, uri),
            destination=destination(uri),
            resources=kwargs.get("resource", "").split(),
        )
        return context

    def form_invalid(self, form: Form) -> HttpResponse:
        return self._show_error(
            {"error": "invalid_request", "description": "The form is incomplete."}
        )

    def _show_error(self, error: Mapping[str, str], **context: str) -> HttpResponse:
        shown: dict[str, Any] = {"error": error, **context}
        if "answer" in context:
            shown["destination"] = destination(context["answer"])
        response: HttpResponse = self.render_to_response(shown, status=400)
        return response


def _error_in(url: str) -> dict[str, str]:
    """Return the error that this redirect would send to a client."""
    parameters = parse_qs(urlsplit(url).query)
    [*_, error] = parameters["error"]
    return {"error": error, "description": parameters.get("error_description", [""])[-1]}


@method_decorator([csrf_exempt, login_not_required], name="dispatch")
class StrictRegistration(View):
    """Answer 400 for metadata that this site does not accept or cannot store."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return answer_in_json(request, lambda request: self._registered(request, *args, **kwargs))

    def _registered(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if request.method in ("POST", "PUT"):
                metadata = json.loads(request.body)
                check_metadata(metadata if isinstance(metadata, dict) else {})
            # The savepoint keeps a transaction around this request usable.
            with transaction.atomic(using=router.db_for_write(get_application_model())):
                return cast(HttpResponse, super().dispatch(request, *args, **kwargs))
        except (DataError, IntegrityError, RecursionError, SuspiciousOperation, OSError) as error:
            return _no_client(type(error).__name__)
        except ValueError as error:
            return _no_client(str(error))


def _no_client(reason: str) -> HttpResponse:
    error = {"error": "invalid_client_metadata", "error_description": reason}
    return JsonResponse(error, status=400)


class RegistrationView(StrictRegistration, views.DynamicClientRegistrationView):  # type: ignore[misc]
    """Register a client."""


class ManagementView(StrictRegistration, views.DynamicClientRegistrationManagementView):  # type: ignore[misc]
    """Allow a client to read, change and delete its registration."""
