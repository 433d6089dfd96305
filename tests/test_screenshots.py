"""The pictures of `docs/screenshots.py`: each is on a page, in light and dark, and small."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.markdown import CHECKOUT, PAGES, read

PICTURES = sorted((CHECKOUT / "docs/_static").glob("*.png"))
TAG = re.compile(
    r'<source media="\(prefers-color-scheme: dark\)" srcset="(.+?)-dark.png">\s*'
    r'<img src="(.+?)-light.png" alt="(.+?)">'
)
SHOWN = [found for page in PAGES for found in TAG.findall(read(page))]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_screenshot_is_small(picture):
    assert picture.stat().st_size < 150_000


def test_every_screenshot_is_on_a_page_in_light_and_dark():
    names = {picture.stem.rpartition("-")[0] for picture in PICTURES}
    assert {light.rpartition("/")[2] for _, light, _ in SHOWN} == names
    assert all(dark == light for dark, light, _ in SHOWN)
    assert {f"{name}-{scheme}.png" for name in names for scheme in ("light", "dark")} == {
        picture.name for picture in PICTURES
    }


def test_picture_of_the_doctor_is_text_that_reads_in_the_dark():
    picture = read("docs/_static/doctor.svg")
    lines = "".join(ElementTree.fromstring(picture).itertext())  # noqa: S314
    assert "$ python manage.py mcp_discovery check http://localhost:8000/mcp" in lines
    assert "Start with endpoint-elsewhere." in lines
    assert "prefers-color-scheme: dark" in picture
    assert "](_static/doctor.svg)" in read("docs/doctor.md")
