"""The pictures of the documentation: readable as text, in light and dark, and without colour."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from mcp_oauth_discovery.models import State
from tests.markdown import CHECKOUT, PAGES, read

PICTURES = ["docs/client-way.svg", "docs/key-timeline.svg"]
SVG = "{http://www.w3.org/2000/svg}"
# WCAG 1.4.3 for text, 1.4.11 for lines.
TEXT, LINE = 4.5, 3.0


def schemes(picture: str) -> dict[str, str]:
    """Return the style of each colour scheme, with what the dark one takes over from the light."""
    style = re.sub(r"/\*.*?\*/", "", re.search(r"<style>(.+?)</style>", picture, re.S)[1])
    light, _, dark = style.partition("@media (prefers-color-scheme: dark)")
    return {"light": light, "dark": light + dark}


def colour(style: str, selector: str, name: str) -> str:
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", style)
    values = [
        value
        for selectors, body in rules
        if selector in [each.strip() for each in selectors.split(",")]
        for value in re.findall(rf"\b{name}: (#\w+)", body)
    ]
    return values[-1]


def luminance(code: str) -> float:
    digits = code[1:] if len(code) == 7 else "".join(2 * digit for digit in code[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", PICTURES)
def test_picture_has_a_text_alternative_in_itself_and_on_its_page(name):
    root = ElementTree.parse(CHECKOUT / name).getroot()  # noqa: S314
    assert root.get("role") == "img"
    assert all(root.findtext(f"{SVG}{tag}") for tag in ("title", "desc"))
    shown = rf"!\[[^\]]{{80,}}\]\({name.removeprefix('docs/')}\)"
    assert [page for page in PAGES if re.search(shown, read(page))]


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_has_contrast_on_its_own_background(name, scheme):
    picture = read(name)
    style = schemes(picture)[scheme]
    card = colour(style, ".card", "fill")
    assert 'class="card"' in picture
    assert contrast(card, colour(style, "text", "fill")) >= TEXT
    line = ".asks" if "client" in name else ".line"
    assert contrast(card, colour(style, line, "stroke")) >= LINE


def test_text_on_a_filled_bar_has_contrast():
    for style in schemes(read("docs/key-timeline.svg")).values():
        assert contrast(colour(style, ".active", "fill"), colour(style, ".signs", "fill")) >= TEXT
    for style in schemes(read("docs/client-way.svg")).values():
        assert contrast(colour(style, ".ours", "fill"), colour(style, ".on-ours", "fill")) >= TEXT


def test_every_state_of_the_timeline_has_a_word_beside_its_colour():
    root = ElementTree.parse(CHECKOUT / "docs/key-timeline.svg").getroot()  # noqa: S314
    words = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    states = {state.value for state in State} - {State.REVOKED.value}
    assert states <= set(re.findall(r"\w+", words))
    assert "in the JWK Set" in words
    assert set(re.findall(r"MCP_\w+", words)) == {
        "MCP_KEY_ROTATION_INTERVAL",
        "MCP_KEY_PUBLISH_AHEAD",
        "MCP_KEY_RETENTION",
    }
