"""Take the pictures of the documentation: `python docs/screenshots.py [DIRECTORY [PORT]]`.

By default, they are for `docs/_static/`, and the example is on port 8000, which they show. It needs
the extras `example` and `test`, and Chromium. The example has a database of its own, in which there
are keys in every state. Look at the pictures before you commit them.
"""

from __future__ import annotations

import html
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from socketserver import ThreadingMixIn
from urllib.parse import urlencode, urljoin
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.core.management import call_command
from playwright.sync_api import Page, sync_playwright

CHECKOUT = Path(__file__).resolve().parents[1]
USER, PASSWORD = "demo", "a password for pictures"
# In pixels, and in octets.
TALLEST, LARGEST = 1100, 150_000


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("directory", nargs="?", type=Path, default=CHECKOUT / "docs" / "_static")
    parser.add_argument("port", nargs="?", type=int, default=8000)
    arguments = parser.parse_args()
    site = f"http://127.0.0.1:{arguments.port}"
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), site)
        with serving(arguments.port):
            # What a user types by mistake: the resource is on 127.0.0.1.
            report = doctor(f"http://localhost:{arguments.port}/mcp")
            arguments.directory.joinpath("doctor.svg").write_text(report, encoding="utf-8")
            photograph(site, arguments.directory)


def prepare(folder: Path, site: str) -> None:
    """Set up the example with a database in a folder, a user, and keys in every state."""
    os.environ |= {
        "DATABASE": str(folder / "db.sqlite3"),
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "MCP_ISSUER": site,
        "SECRET_KEY": "for the pictures alone",
    }
    sys.path.insert(0, str(CHECKOUT))
    django.setup()
    # Otherwise each refusal that the doctor provokes is printed.
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    users = import_module("django.contrib.auth").get_user_model().objects
    users.create_superuser(USER, password=PASSWORD)
    make_keys(import_module("mcp_oauth_discovery.rotation"), datetime.now(timezone.utc))


def make_keys(rotation: object, now: datetime) -> None:
    for algorithm, days in {"EdDSA": (180, 90, 2), "RS256": (80, 0)}.items():
        for number in days:
            key = rotation.rotate(algorithm, now=now - timedelta(days=number))
            if (algorithm, number) == ("RS256", 80):
                # It leaked, and another key signs in its place.
                rotation.revoke(key, now=now - timedelta(days=60))


@contextmanager
def serving(port: int) -> Iterator[None]:
    application = import_module("example_project.wsgi").application
    with make_server("127.0.0.1", port, application, Server, Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


# The doctor


def doctor(url: str) -> str:
    """Return a picture of the doctor's report about a URL."""
    arguments = ["mcp_discovery", "check", url, "--force-color"]
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(  # noqa: S603
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    prompt = f"\x1b[1m$ python manage.py {' '.join(arguments[:-1])}\x1b[0m"
    return terminal([prompt, *shortened((done.stdout + done.stderr).splitlines())])


def shortened(lines: list[str]) -> list[str]:
    """Leave out most of the lines about steps without problems."""
    steps = [i for i, line in enumerate(lines) if re.match(r"  (\x1b\S*)?(ok|none) ", line)]
    clients = next(i for i, line in enumerate(lines) if "Clients" in line and line[0] != " ")
    return [*lines[: steps[3]], "  …", *lines[clients:]]


STYLE = """
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre; }
rect { fill: #f6f8fa; stroke: #d0d7de; }
text { fill: #1f2328; }
.b { font-weight: bold; } .d { fill: #59636e; }
.r { fill: #b3151f; } .g { fill: #116329; } .y { fill: #7d4e00; } .c { fill: #0550ae; }
@media (prefers-color-scheme: dark) {
  rect { fill: #0d1117; stroke: #3d444d; }
  text { fill: #f0f6fc; }
  .d { fill: #9198a1; }
  .r { fill: #ff8a80; } .g { fill: #56d364; } .y { fill: #e3b341; } .c { fill: #79c0ff; }
}
"""
CLASSES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "36": "c"}


def terminal(lines: list[str]) -> str:
    """Return an SVG picture of lines with the colours of a terminal."""
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
    width, height = 8 * max(map(len, plain)) + 32, 18 * len(lines) + 28
    rows = "\n".join(
        f'<text x="16" y="{18 * number + 12}">{coloured(line)}</text>'
        for number, line in enumerate(lines, 1)
    )
    title = "The report of the doctor in a terminal"
    text = html.escape("\n".join(plain))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>{title}</title>\n<desc>{text}</desc>\n<style>{STYLE}</style>\n"
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>\n'
        f"{rows}\n</svg>\n"
    )


def coloured(line: str) -> str:
    parts = re.split(r"\x1b\[([\d;]*)m", line)
    spans = [html.escape(parts[0])]
    for codes, text in zip(parts[1::2], parts[2::2], strict=True):
        classes = " ".join(CLASSES[code] for code in codes.split(";") if code in CLASSES)
        escaped = html.escape(text)
        spans.append(f'<tspan class="{classes}">{escaped}</tspan>' if classes else escaped)
    return "".join(spans)


# The pages


def photograph(site: str, directory: Path) -> None:
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 640})
            photograph_pages(page, site, directory, scheme)
        browser.close()


def photograph_pages(page: Page, site: str, directory: Path, scheme: str) -> None:
    # The pictures are about the page, not about the menu beside it.
    page.add_init_script('localStorage.setItem("django.admin.navSidebarIsOpen", "false")')
    page.goto(f"{site}/admin/login/?next=/admin/mcp_oauth_discovery/signingkey/")
    page.fill("[name=username]", USER)
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    keep(page, directory / f"key-list-{scheme}.png")
    overview = page.locator('a[href$="overview/"]').first.get_attribute("href")
    page.goto(urljoin(page.url, overview))
    keep(page, directory / f"overview-{scheme}.png")
    page.set_viewport_size({"width": 800, "height": 480})
    page.goto(consent_url(site))
    keep(page, directory / f"consent-{scheme}.png")


def keep(page: Page, path: Path) -> None:
    page.wait_for_load_state("networkidle")
    height = page.evaluate("document.documentElement.scrollHeight")
    width = page.evaluate("window.innerWidth")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST)}
    page.screenshot(path=path, full_page=True, clip=clip)
    assert path.stat().st_size < LARGEST, f"{path} is too large"  # noqa: S101


def consent_url(site: str) -> str:
    """Register a client, and return the URL to which it sends its user."""
    redirect_uri = "http://127.0.0.1:33418/callback"
    metadata = fetch(f"{site}/.well-known/oauth-authorization-server")
    client = {"client_name": "Example client", "redirect_uris": [redirect_uri]}
    registered = fetch(metadata["registration_endpoint"], client)
    query = {
        "response_type": "code",
        "client_id": registered["client_id"],
        "redirect_uri": redirect_uri,
        "scope": "mcp profile:write",
        "resource": f"{site}/mcp",
        "state": "state",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"{metadata['authorization_endpoint']}?{urlencode(query)}"


def fetch(url: str, document: object = None) -> dict:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


if __name__ == "__main__":
    main()
