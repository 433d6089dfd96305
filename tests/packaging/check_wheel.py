"""Builds the wheel, installs it where nothing else is, and adds the app to a new project.

The project is the one of `django-admin startproject`; its three documents are fetched over HTTP.
Run by `tox -e package`, in an environment that has build and twine. Exits 1 if anything is amiss.
"""

from __future__ import annotations

import json
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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {
    "/.well-known/oauth-protected-resource/mcp": "resource",
    "/.well-known/oauth-authorization-server": "issuer",
    "/.well-known/jwks.json": "keys",
}
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
    run(sys.executable, "-m", "build", "--outdir", folder)
    artefacts = sorted(folder.iterdir())
    run(sys.executable, "-m", "twine", "check", "--strict", *artefacts)
    sdist, wheel = sorted(artefacts, key=lambda path: path.suffix == ".whl")
    check_contents(sdist, wheel)
    return wheel


def check_contents(sdist: Path, wheel: Path) -> None:
    """Hold that users get the package alone, with its types, and packagers get the tests too."""
    packed = zipfile.ZipFile(wheel).namelist()
    assert "mcp_oauth_discovery/py.typed" in packed
    tops = {name.split("/")[0] for name in packed if ".dist-info/" not in name}
    assert tops == {"mcp_oauth_discovery"}, tops
    with tarfile.open(sdist) as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()}
    others = {"benchmarks/__main__.py", "example_project/settings.py", "tox.ini"}
    assert {"tests/settings.py", *others} <= sources
    assert not any(name.startswith("example_project/var") for name in sources)


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
