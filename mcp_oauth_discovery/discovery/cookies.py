"""Keeps the cookies of Django's middleware out of answers that depend on no cookie."""

from __future__ import annotations

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest


def without_cookies(request: HttpRequest) -> None:
    """Have the middleware around a document set no cookie, whatever the request has.

    A shared cache may keep the document, and would send the cookie of one client to all others.
    SessionMiddleware renews or deletes its cookie, even if no view has used the session.
    """
    without_csrf_cookie(request)
    request.COOKIES = {}
    session: object = getattr(request, "session", None)
    if isinstance(session, SessionBase):
        # A new session that stays empty gets no cookie. Make it as SessionMiddleware makes one for
        # a client without a cookie, and of the class behind a proxy object.
        request.session = session.__class__(None)


def without_csrf_cookie(request: HttpRequest) -> None:
    """Have CsrfViewMiddleware set no cookie in place of one that it could not read."""
    request.META.pop("CSRF_COOKIE_NEEDS_UPDATE", None)
