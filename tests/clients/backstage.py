"""The admin of a deployment that has keys, as an operator sees it in a browser."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.clients.deployments import CHECKOUT, Deployment, Plan, environment, migrate, start, stop
from tests.clients.users import profile_in

PLAN = Plan("gunicorn", "{origin}", "{origin}/mcp")
LIST = "/admin/mcp_oauth_discovery/signingkey/"
PASSWORD = "of an operator who lives for one test run"
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 390)]

# One key in each state, and an operator; done before the server starts.
HISTORY = f"""
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from mcp_oauth_discovery import rotation

def ago(days):
    return timezone.now() - timedelta(days=days)

User.objects.create_superuser("operator", password="{PASSWORD}")
for days in (200, 100, 2, 0):
    rotation.rotate("EdDSA", now=ago(days))
rotation.revoke(rotation.rotate("RS256", now=ago(3)), now=ago(3))
"""

# What takes more room than the window has; a table that scrolls in a box of its own does not.
OVERFLOW = "() => document.scrollingElement.scrollWidth - window.innerWidth"


@contextmanager
def served(directory: Path) -> Iterator[Deployment]:
    given = {"DATABASE": str(migrate(directory))}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--command", HISTORY, "--verbosity", "0"],
        cwd=CHECKOUT,
        env=environment(given),
        check=True,
    )
    deployment = start(PLAN, directory, given)
    try:
        yield deployment
    finally:
        stop([deployment])


@contextmanager
def logged_in(browser: Browser, deployment: Deployment, **look: Any) -> Iterator[Page]:
    """Open the list of the keys by way of the login form."""
    with profile_in(browser, base_url=deployment.origin, **look) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=deployment.origin)
        page = context.new_page()
        page.goto(LIST)
        page.fill("#id_username", "operator")
        page.fill("#id_password", PASSWORD)
        page.click("input[type=submit]")
        expect(page.locator("#result_list")).to_be_visible()
        yield page


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window, once it is there as a whole."""
    page.wait_for_load_state()
    pixels: int = page.evaluate(OVERFLOW)
    return pixels


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2 between two colours of CSS."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    found = re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", colour)
    assert found, f"{colour} is not opaque"
    shares = [int(value) / 255 for value in found.groups()]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
