"""The key store in the admin, operated and looked at in a real browser."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.clients.backstage import LIST, LOOKS, contrast, logged_in, luminance, overflow, served
from tests.clients.deployments import Deployment

pytestmark = pytest.mark.clients

STATES = ["Pending", "Active", "Retired", "Expired", "Revoked"]

COLOURS = """
(badge) => {
  const style = getComputedStyle(badge);
  return [style.color, style.backgroundColor];
}
"""


# The parts of the timeline that carry a meaning, and the colour that each is drawn with.
PARTS = """
() => Object.entries({
  ".mcp-segment": "stroke", ".mcp-hatch": "stroke", ".mcp-end": "stroke", ".mcp-due": "fill",
  ".mcp-now": "stroke", ".mcp-axis:not(.mcp-tick)": "stroke",
}).flatMap(([parts, property]) => {
  const drawn = [...document.querySelectorAll(`.mcp-picture ${parts}`)];
  return drawn.map((one) => [parts, getComputedStyle(one)[property]]);
})
"""
FILLS = """
() => ["pending", "active", "retired"].map((state) => getComputedStyle(
  document.querySelector(`.mcp-picture > svg .mcp-segment.mcp-${state}`)
).fill)
"""
CANVAS = "() => getComputedStyle(document.body).backgroundColor"
SCROLLS = "(one) => one.scrollWidth - one.clientWidth"
ALL = f"{LIST}?state=all"
OVERVIEW = "text=Overview"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Serve a site whose keys are looked at, and never touched."""
    with served(tmp_path_factory.mktemp("gallery")) as deployment:
        yield deployment


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Deployment]:
    """Serve a site whose keys are this test's own."""
    with served(tmp_path) as deployment:
        yield deployment


def row(page: Page, algorithm: str, state: str) -> Locator:
    rows = page.locator("#result_list tbody tr")
    return rows.filter(has_text=algorithm).filter(has_text=state)


def open_key(page: Page, algorithm: str, state: str) -> str:
    """Go to the page of a key by way of the list, and return its kid."""
    page.goto(ALL)
    row(page, algorithm, state).locator("th a").click()
    return page.locator(".field-kid .readonly").inner_text()


def published(deployment: Deployment) -> dict[str, Any]:
    with urllib.request.urlopen(deployment.jwks_url, timeout=30) as response:  # noqa: S310
        return {key["kid"]: key for key in json.load(response)["keys"]}


def messages(page: Page) -> str:
    # First, because it waits for the page that a click has asked for.
    text = page.locator(".messagelist").inner_text()
    assert overflow(page) <= 0
    return text


def test_operator_rotates_copies_retires_and_revokes(browser: Browser, workshop: Deployment):
    with logged_in(browser, workshop, viewport={"width": 390, "height": 800}) as page:
        before = published(workshop)
        page.click("text=Rotate now…")
        expect(page.locator(".mcp-confirm")).to_contain_text("is published immediately")
        assert published(workshop) == before
        page.click("input[value='Yes, rotate']")
        assert "RS256: published" in messages(page)
        assert "EdDSA: " in messages(page)
        assert len(published(workshop)) == len(before) + 1

        new = open_key(page, "RS256", "Pending")
        page.locator("[data-mcp-copy]").first.click()
        expect(page.locator("[data-mcp-copy]").first).to_have_text("Copied")
        assert (
            json.loads(page.evaluate("navigator.clipboard.readText()")) == published(workshop)[new]
        )

        old = open_key(page, "RS256", "Active")
        page.click("text=Retire…")
        expect(page.locator(".mcp-confirm")).to_contain_text(
            f"The pending key {new} signs immediately."
        )
        page.click("input[value='Yes, retire']")
        assert f"Retired {old}." in messages(page)
        assert open_key(page, "RS256", "Active") == new
        assert open_key(page, "RS256", "Retired") == old
        assert old in published(workshop)

        page.click("text=Revoke…")
        expect(page.locator(".mcp-confirm")).to_contain_text("Every token that it has signed")
        page.click("input[value='Yes, revoke']")
        assert f"Revoked {old}." in messages(page)
        assert old not in published(workshop)

        page.locator("#result_list th a", has_text=old[:10]).click()
        expect(page.locator(".mcp-state")).to_have_text("Revoked")
        expect(page.locator(".mcp-tools")).to_have_count(0)
        page.click("text=History")
        for change in ("Retired.", "Revoked."):
            expect(page.locator("#change-history")).to_contain_text(change)


def test_operator_thinks_better_of_it(browser: Browser, gallery: Deployment):
    with logged_in(browser, gallery) as page:
        before = published(gallery)
        open_key(page, "EdDSA", "Active")
        page.click("text=Revoke…")
        page.click("text=No, take me back")
        expect(page.locator("#result_list")).to_be_visible()
        expect(page.locator(".messagelist")).to_have_count(0)
        assert published(gallery) == before


def test_copy_selects_the_text_where_the_clipboard_is_barred(browser: Browser, gallery: Deployment):
    with logged_in(browser, gallery) as page:
        kid = open_key(page, "EdDSA", "Active")
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
        page.locator("[data-mcp-copy]").first.click()
        selected = page.wait_for_function("() => getSelection().toString()").json_value()
        assert json.loads(selected) == published(gallery)[kid]


def test_public_half_can_be_read_without_scripts(browser: Browser, gallery: Deployment):
    with logged_in(browser, gallery, java_script_enabled=False) as page:
        kid = open_key(page, "EdDSA", "Active")
        assert json.loads(page.locator("pre").first.inner_text()) == published(gallery)[kid]
        expect(page.locator("[data-mcp-copy]").first).to_be_hidden()


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_nothing_is_wider_than_the_window(
    browser: Browser, gallery: Deployment, scheme: str, width: int
):
    size = {"width": width, "height": 800}
    with logged_in(browser, gallery, color_scheme=scheme, viewport=size) as page:
        page.goto(ALL)
        assert overflow(page) <= 0, "list"
        assert page.locator(".results").evaluate(SCROLLS) <= 0, "columns of the list"
        for state in STATES:
            open_key(page, "RS256" if state == "Revoked" else "EdDSA", state)
            assert overflow(page) <= 0, state
        open_key(page, "RS256", "Active")
        assert overflow(page) <= 0, "RSA"
        page.goto(f"{LIST}rotate/")
        assert overflow(page) <= 0, "rotate"
        for verb in ("retire", "revoke"):
            page.goto(ALL)
            page.check("#action-toggle")
            page.select_option("select[name=action]", f"{verb}_keys")
            page.click("button[name=index]")
            expect(page.locator(".mcp-summary")).to_contain_text("of 6 keys")
            assert overflow(page) <= 0, verb


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_states_can_be_read(browser: Browser, gallery: Deployment, scheme: str):
    with logged_in(browser, gallery, color_scheme=scheme) as page:
        canvas = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (luminance(canvas) < 0.1) is (scheme == "dark")
        page.goto(ALL)
        for state in STATES:
            badge = page.locator(".mcp-state", has_text=state).first
            assert contrast(*badge.evaluate(COLOURS)) >= 4.5, state


LIGHTS: list[dict[str, Any]] = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"forced_colors": "active"},
]


@pytest.mark.parametrize("light", LIGHTS, ids=["light", "dark", "forced"])
def test_timeline_can_be_read_without_colour(
    browser: Browser, gallery: Deployment, light: dict[str, Any]
):
    with logged_in(browser, gallery, **light) as page:
        page.click(OVERVIEW)
        expect(page.locator(".mcp-picture")).to_be_visible()
        canvas = page.evaluate(CANVAS)
        parts = page.evaluate(PARTS)
        assert len({part for part, _ in parts}) == 6
        # WCAG 2.2, 1.4.11.
        assert [part for part, *colour in parts if contrast(*colour, canvas) < 3] == []
        # WCAG 2.2, 1.4.1: hollow, solid, hatched.
        hollow, solid, hatched = page.evaluate(FILLS)
        assert hollow == canvas
        assert contrast(solid, canvas) >= 3
        assert "#mcp-hatch" in hatched
        assert page.locator(".mcp-now-label").inner_html() == "now"


# The texts of the timeline that are outside the picture.
STRAY = """
() => {
  document.documentElement.dir = "rtl";
  const picture = document.querySelector(".mcp-picture > svg").getBoundingClientRect();
  return [...document.querySelectorAll(".mcp-picture text")].filter((text) => {
    const { left, right } = text.getBoundingClientRect();
    return left < picture.left - 1 || right > picture.right + 1;
  }).map((text) => text.textContent);
}
"""


def test_timeline_keeps_its_texts_where_the_language_runs_from_right_to_left(
    browser: Browser, gallery: Deployment
):
    with logged_in(browser, gallery) as page:
        page.click(OVERVIEW)
        expect(page.locator(".mcp-picture")).to_be_visible()
        assert page.evaluate(STRAY) == []


# The buttons that have no border.
BARE = """
() => [...document.querySelectorAll(
  "#content :is(.button, .object-tools a, input[type=submit]:not(.default))"
)].filter(
  (button) => button.offsetWidth && getComputedStyle(button).borderTopStyle === "none"
).map((button) => button.textContent || button.value)
"""


@pytest.mark.parametrize("where", ["list", "key", "confirmation"])
def test_buttons_look_like_buttons_in_forced_colours(
    browser: Browser, gallery: Deployment, where: str
):
    with logged_in(browser, gallery, forced_colors="active") as page:
        if where != "list":
            open_key(page, "EdDSA", "Active")
        if where == "confirmation":
            page.click("text=Revoke…")
            expect(page.locator(".mcp-confirm")).to_be_visible()
        assert page.evaluate(BARE) == []


def test_list_fits_on_paper_without_the_menus(browser: Browser, gallery: Deployment):
    # The width of a sheet of A4.
    with logged_in(browser, gallery, viewport={"width": 794, "height": 1000}) as page:
        page.emulate_media(media="print")
        for part in ("#header", "#nav-sidebar", "#changelist-filter"):
            expect(page.locator(part)).to_be_hidden()
        assert page.locator(".results").evaluate(SCROLLS) <= 0
