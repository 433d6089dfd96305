"""Requests to a site in this process: to its WSGI application, or as Django's request objects."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.test import RequestFactory

from benchmarks.site.recorded import HOST


def environ(path: str, **values: str) -> dict[str, Any]:
    """Return the environment of a GET request, as a WSGI server makes it."""
    request = RequestFactory().get(path, headers={"host": HOST}, secure=True)
    return {**request.META, **values}


def status_of(application: Any, request: dict[str, Any]) -> str:
    """Send a request to a WSGI application, and return the status line of its answer."""
    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        statuses.append(status)

    answer = application(request, start_response)
    for _ in answer:
        pass
    if hasattr(answer, "close"):
        answer.close()
    return statuses[0]


def call_request(token: str = "", path: str = "/mcp") -> HttpRequest:
    """Return the request of a call to an MCP endpoint."""
    headers = {"host": HOST} | ({"authorization": f"Bearer {token}"} if token else {})
    return RequestFactory().post(
        path, b"{}", content_type="application/json", headers=headers, secure=True
    )
