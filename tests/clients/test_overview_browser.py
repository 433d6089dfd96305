"""The overview in the admin, read in a real browser: light, dark, narrow, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.clients.backstage import LIST, LOOKS, contrast, logged_in, overflow, served
from tests.clients.deployments import Deployment

pytestmark = pytest.mark.clients

OVERVIEW = "/admin/mcp_oauth_discovery/overview/"
COPY = ".mcp-url [data-mcp-copy]"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'"

# The colour of each text on the page, and the first opaque background behind it.
TEXTS = """
() => [...document.querySelectorAll(".mcp-overview *")].filter(
  (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    && one.getClientRects().length && !["title", "desc"].includes(one.tagName)
).map((one) => {
  let behind = one;
  while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") {
    behind = behind.parentElement;
  }
  const style = getComputedStyle(one);
  const colour = one instanceof SVGElement ? style.fill : style.color;
  return [one.textContent.trim(), colour, getComputedStyle(behind).backgroundColor];
})
"""
# What of the picture is outside of it.
OUTSIDE = """
(svg) => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text, rect, line")].filter((one) => {
    const inner = one.getBoundingClientRect();
    return inner.left < box.left - 1 || inner.right > box.right + 1
      || inner.top < box.top - 1 || inner.bottom > box.bottom + 1;
  }).map((one) => one.outerHTML);
}
"""


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Serve a site whose keys are looked at, and never touched."""
    with served(tmp_path_factory.mktemp("overview")) as deployment:
        yield deployment


def open_overview(page: Page) -> None:
    page.goto(OVERVIEW)
    expect(page.locator("h1")).to_have_text("Overview")
    for details in page.locator("details").all():
        details.evaluate("(one) => { one.open = true; }")


def resources(gallery: Deployment) -> list[str]:
    """Return the URLs of the MCP servers of the example, in the order of the page."""
    return [gallery.resource, f"{gallery.issuer}/reports/mcp"]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_overview_fits_its_window(browser: Browser, gallery: Deployment, scheme: str, width: int):
    size = {"width": width, "height": 800}
    with logged_in(browser, gallery, color_scheme=scheme, viewport=size) as page:
        open_overview(page)
        assert overflow(page) <= 0
        assert page.locator(".mcp-picture > svg").evaluate(OUTSIDE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_overview_can_be_read(browser: Browser, gallery: Deployment, scheme: str):
    with logged_in(browser, gallery, color_scheme=scheme) as page:
        open_overview(page)
        texts = page.evaluate(TEXTS)
        assert any("takes over and" in text for text, _, _ in texts)
        assert [text for text, *colours in texts if contrast(*colours) < 4.5] == []


def test_index_leads_to_the_overview(browser: Browser, gallery: Deployment):
    with logged_in(browser, gallery) as page:
        page.goto("/admin/")
        page.click("text=Overview · no problems found")
        expect(page.locator("h1")).to_have_text("Overview")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_doctor_is_run_and_its_report_can_be_read(
    browser: Browser, gallery: Deployment, scheme: str, width: int
):
    size = {"width": width, "height": 800}
    with logged_in(browser, gallery, color_scheme=scheme, viewport=size) as page:
        open_overview(page)
        page.click("text=Doctor")
        page.click("text=Run the doctor")
        expect(page.get_by_role("heading", name="Clients")).to_be_visible()
        expect(page.locator(".mcp-summary")).to_have_text("No problems found.")
        assert overflow(page) <= 0
        texts = page.evaluate(TEXTS)
        assert [text for text, *colours in texts if contrast(*colours) < 4.5] == []


def test_history_of_a_key_fits_a_phone(browser: Browser, gallery: Deployment):
    with logged_in(browser, gallery, viewport={"width": 390, "height": 800}) as page:
        page.goto(f"{LIST}1/history/")
        expect(page.get_by_text("Events of this key")).to_be_visible()
        assert overflow(page) <= 0


def test_badges_have_an_edge_in_forced_colours(browser: Browser, gallery: Deployment):
    with logged_in(browser, gallery, forced_colors="active") as page:
        open_overview(page)
        badge = page.locator(".mcp-badge").first
        edge, text = badge.evaluate(
            "(one) => [getComputedStyle(one).borderTopColor, getComputedStyle(one).color]"
        )
        assert edge == text


def test_each_resource_is_copied_for_the_client(browser: Browser, gallery: Deployment):
    with logged_in(browser, gallery) as page:
        open_overview(page)
        expect(page.locator(".mcp-url")).to_have_count(2)
        for url, button in zip(resources(gallery), page.locator(COPY).all(), strict=True):
            button.click()
            expect(button).to_have_text("Copied")
            assert page.evaluate("navigator.clipboard.readText()") == url


def test_overview_can_be_read_without_scripts(browser: Browser, gallery: Deployment):
    with logged_in(browser, gallery, java_script_enabled=False) as page:
        page.goto(OVERVIEW)
        expect(page.locator(".mcp-url pre")).to_have_text(resources(gallery))
        expect(page.locator("[data-mcp-copy]").first).to_be_hidden()
        document = page.locator("details").first
        document.locator("summary").click()
        expect(document.locator("pre")).to_contain_text(gallery.resource)


def test_overview_obeys_a_strict_policy(browser: Browser, gallery: Deployment):
    def with_policy(route: Route) -> None:
        response = route.fetch()
        headers = {**response.headers, "content-security-policy": POLICY}
        route.fulfill(response=response, headers=headers)

    with logged_in(browser, gallery) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.route(f"**{OVERVIEW}", with_policy)
        open_overview(page)
        expect(page.locator(COPY).first).to_be_visible()
        active = page.locator(".mcp-segment.mcp-active").first
        assert active.evaluate("(one) => getComputedStyle(one).fill") == "rgb(43, 138, 62)"
        assert said == []


def test_timeline_is_named_and_described_to_who_does_not_see_it(
    browser: Browser, gallery: Deployment
):
    with logged_in(browser, gallery) as page:
        open_overview(page)
        picture = page.get_by_role("img", name="Timeline of the signing keys")
        expect(picture).to_have_accessible_description(
            re.compile("EdDSA key .+, Active: has signed since")
        )
