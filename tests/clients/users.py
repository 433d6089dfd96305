"""The user of a client, at a real browser: signs in where asked to, and answers the question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.clients.programs import PATIENCE
from tests.clients.sites import PASSWORD, USER


class Answered(NamedTuple):
    """What the user has read before they pressed a button, and where that took them."""

    question: str
    callback: str


class User:
    def __init__(self, context: BrowserContext, site: str) -> None:
        self.context = context
        self.site = site
        self.complaints: list[str] = []
        context.on("console", self._hear)

    def answer(self, url: str, button: str = "Allow") -> Answered:
        """Open a link of a client, sign in if need be, and press a button of the page."""
        page = self.context.new_page()
        page.goto(url)
        sign_in(page)
        answered = press(page, button)
        page.close()
        return answered

    def _hear(self, message: ConsoleMessage) -> None:
        complaint = f"{message.location['url']}: {message.text}"
        # What a client shows at its callback is no business of the site; and some browsers ask for
        # an icon, which it does not have.
        ours = complaint.startswith(self.site) and "favicon.ico" not in complaint
        if message.type == "error" and ours:
            self.complaints.append(complaint)


def sign_in(page: Page) -> None:
    """Fill in the form, unless the browser is signed in already."""
    if page.get_by_label("Password").count():
        page.get_by_label("User").fill(USER)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()


def press(page: Page, button: str) -> Answered:
    """Answer the question, and follow the browser to the client."""
    found = page.get_by_role("button", name=button, exact=True)
    found.wait_for()
    question = page.locator("main").inner_text()
    with page.expect_navigation(url=lambda url: "/callback" in url):
        found.click()
    return Answered(question, page.url)


@contextmanager
def profile_in(browser: Browser, **look: Any) -> Iterator[BrowserContext]:
    """Open a profile that knows nothing of others, and is as patient as the clients are."""
    with browser.new_context(**look) as context:
        context.set_default_timeout(PATIENCE * 1000)
        yield context


@contextmanager
def user_at(browser: Browser, site: str) -> Iterator[User]:
    """Give a user a browser of their own, which is to find no fault with any page of a site."""
    with profile_in(browser) as context:
        user = User(context, site)
        yield user
        assert user.complaints == []
