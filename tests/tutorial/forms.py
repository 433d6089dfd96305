"""A browser without scripts: it keeps cookies, follows redirects and submits forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import (
    HTTPCookieProcessor,
    HTTPRedirectHandler,
    ProxyHandler,
    Request,
    build_opener,
)


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    # What each button sends, by its text.
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._button: tuple[str, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag == "button":
            self._button = name, value
        elif tag == "input" and name:
            self.forms[-1].fields[name] = value

    def handle_data(self, data: str) -> None:
        if self._button:
            self.forms[-1].buttons[data.strip()] = self._button

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._button = None


class Staying(HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *args: Any) -> None:
        return None


class Browser:
    def __init__(self) -> None:
        self._cookies = HTTPCookieProcessor(CookieJar())
        # Without the proxies of the environment, as Chromium reaches this machine.
        self._opener = build_opener(self._cookies, ProxyHandler({}))
        self.url = self.page = ""

    def open(self, url: str, body: bytes | None = None) -> None:
        request = Request(url, body, {"Referer": self.url} if self.url else {})  # noqa: S310
        with self._opener.open(request, timeout=60) as response:
            self.url, self.page = response.url, response.read().decode()

    def press(self, button: str, **values: str) -> None:
        """Fill in the form that has this button, and press it."""
        self.open(*self._filled_in(button, values))

    def leave(self, button: str) -> str:
        """Press a button that leads to a client, and return the URL there without opening it."""
        request = Request(*self._filled_in(button, {}), {"Referer": self.url})  # noqa: S310
        opener = build_opener(self._cookies, ProxyHandler({}), Staying())
        try:
            opener.open(request, timeout=60)
        except HTTPError as redirect:
            return str(redirect.headers["Location"])
        raise AssertionError(f"{button} does not lead away from {self.url}.")

    def _filled_in(self, button: str, values: dict[str, str]) -> tuple[str, bytes]:
        [form] = [form for form in Forms(self.page).forms if button in form.buttons]
        name, value = form.buttons[button]
        pressed = {name: value} if name else {}
        body = urlencode({**form.fields, **values, **pressed}).encode()
        return urljoin(self.url, form.action), body
