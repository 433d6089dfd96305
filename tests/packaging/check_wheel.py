"""Builds the wheel, installs it where nothing else is, and adds the app to a new project.

The project is the one of `django-admin startproject`; its three documents are fetched over HTTP.
Run by `tox -e package`, in an environment that has build and twine. Exits 1 if anything is amiss.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

from trove_classifiers import classifiers

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {
    "/.well-known/oauth-protected-resource/mcp": "resource",
    "/.well-known/oauth-authorization-server": "issuer",
    "/.well-known/jwks.json": "keys",
}
# Any time will do: 2026-01-01.
EPOCH = "1767225600"
# As in tests/deprecations.py.
STRICT = ("-W", "error::DeprecationWarning", "-W", "error::PendingDeprecationWarning")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build(folder / "dist")
        python = install(wheel, folder / "environment")
        project = start_project(python, folder / "site")
        run(python, *STRICT, "manage.py", "migrate", cwd=project)
        # With a warning: nobody serves the endpoints for signing in yet.
        run(python, *STRICT, "manage.py", "check", cwd=project)
        fetch_documents(python, project)
    print(f"{wheel.name}: the three documents are there in a new project")  # noqa: T201


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def build(folder: Path) -> Path:
    """Build sdist and wheel, check them, and return the wheel."""
    sdist, wheel = build_once(folder)
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    check_contents(sdist, wheel)
    check_metadata(wheel)
    again = build_once(folder.with_name("again"))
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in (sdist, wheel)]
    return wheel


def build_once(folder: Path) -> tuple[Path, Path]:
    """Build as for a release: the time in the archives is given, so the bytes can be repeated."""
    command = [sys.executable, "-m", "build", "--outdir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    sdist, wheel = sorted(folder.iterdir(), key=lambda path: path.suffix == ".whl")
    return sdist, wheel


def check_contents(sdist: Path, wheel: Path) -> None:
    """Hold that users get the package alone, with its types, and packagers get the tests too."""
    packed = zipfile.ZipFile(wheel).namelist()
    package = ROOT / "mcp_oauth_discovery"
    files = {path.relative_to(ROOT).as_posix() for path in package.rglob("*") if path.is_file()}
    unwanted = {name for name in files if name.endswith(".pyc")}
    assert files - unwanted == {name for name in packed if ".dist-info/" not in name}
    tops = {name.split("/")[0] for name in packed if ".dist-info/" not in name}
    assert tops == {"mcp_oauth_discovery"}, tops
    with tarfile.open(sdist) as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()}
    others = {"benchmarks/__main__.py", "example_project/settings.py", "tox.ini", "SECURITY.md"}
    assert {"tests/settings.py", *others} <= sources
    assert not any(name.startswith("example_project/var") for name in sources)


def check_metadata(wheel: Path) -> None:
    """Hold that the page of a package index has the licence, the links and known classifiers."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata: Message = Parser().parsestr(archive.read(name).decode())
    assert metadata["License-Expression"] == "MIT"
    assert set(metadata.get_all("Classifier", [])) <= classifiers
    labels = {line.partition(",")[0] for line in metadata.get_all("Project-URL", [])}
    assert {"Documentation", "Changelog"} <= labels
    # A package index does not have the files of the repository.
    page = str(metadata.get_payload())
    assert re.findall(r"\]\((?!https://|#)[^)]*\)", page) == []


def install(wheel: Path, folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    return python


def start_project(python: Path, folder: Path) -> Path:
    """Make a new project and add the app, its middleware and its URLs, nothing more."""
    folder.mkdir()
    run(python, "-m", "django", "startproject", "site_of_a_stranger", folder)
    settings = folder / "site_of_a_stranger" / "settings.py"
    with settings.open("a") as file:
        file.write('INSTALLED_APPS += ["mcp_oauth_discovery"]\n')
        file.write(
            'MIDDLEWARE = ["mcp_oauth_discovery.middleware.DiscoveryMiddleware", *MIDDLEWARE]\n'
        )
    urls = folder / "site_of_a_stranger" / "urls.py"
    with urls.open("a") as file:
        file.write("from django.urls import include\n")
        file.write('urlpatterns += [path("", include("mcp_oauth_discovery.urls"))]\n')
    return folder


def fetch_documents(python: Path, project: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    command = [str(python), *STRICT, "manage.py", "runserver", "--noreload", address]
    with subprocess.Popen(command, cwd=project) as server:
        try:
            for path, member in DOCUMENTS.items():
                document = fetch(f"http://{address}{path}", server)
                assert member in document, document
        finally:
            server.terminate()


def fetch(url: str, server: subprocess.Popen[bytes]) -> dict[str, object]:
    """Fetch one document, waiting up to half a minute for the server to come up."""
    for _ in range(150):
        try:
            with urllib.request.urlopen(url) as response:  # noqa: S310
                document: dict[str, object] = json.load(response)
                return document
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            assert server.poll() is None, "the development server ended at once"
            time.sleep(0.2)
    raise SystemExit(f"{url} did not answer")


if __name__ == "__main__":
    main()
