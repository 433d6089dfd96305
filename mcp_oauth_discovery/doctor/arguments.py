"""Read and check the arguments of the doctor."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mcp_oauth_discovery.doctor.examination import Selection, unknown
from mcp_oauth_discovery.doctor.language import gettext, said
from mcp_oauth_discovery.doctor.printing import readable, visible
from mcp_oauth_discovery.doctor.steps import STEPS
from mcp_oauth_discovery.standards.authorization import read_bearer
from mcp_oauth_discovery.standards.identifiers import check_resource, is_loopback, origin
from mcp_oauth_discovery.standards.token_parts import Parts, read_parts

# What surrounds a URL that was copied from a page, a chat or a configuration file.
_AROUND = " \t\r\n\"'`<>\u00a0\u200b\u2018\u2019\u201c\u201d\ufeff"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*(?=://)")
# `localhost:8000/mcp` has no scheme, although URL parsers read `localhost` as one.
_HOST = re.compile(r"(?://)?(?P<host>\[[^\]/?#]*\]|[^/?#:@\[\]]+)(?P<port>:[0-9]+)?(?=[/?#]|\Z)")


def checked_seconds(value: float) -> float:
    """Return a time limit; raise `ValueError` if it makes no sense."""
    if not 0 < value < 3600:
        text = gettext("%(value)s is not a number of seconds above 0 and below 3600")
        raise ValueError(text % {"value": repr(value)})
    return value


def selection(only: Iterable[str], skip: Iterable[str]) -> Selection:
    """Return the selection of codes and groups; raise `ValueError` for unknown ones."""
    chosen = frozenset(only), frozenset(skip)
    if names := unknown(chosen[0] | chosen[1]):
        groups = ", ".join(step.name for step in STEPS)
        text = gettext("Unknown code or group: %(names)s. The groups are %(groups)s.")
        raise ValueError(text % {"names": ", ".join(names), "groups": groups})
    return Selection(*chosen)


def checked_origin(url: str) -> str:
    """Return an origin without a final slash."""
    if not origin(url) or url.rstrip("/").count("/") != 2:
        text = gettext("%(url)s is not an origin such as https://app.example.com.")
        raise ValueError(text % {"url": visible(url)})
    return url.rstrip("/")


def checked_token(token: str) -> Parts:
    """Return the parts of a token; the `ValueError` for an impossible one does not repeat it."""
    try:
        read_bearer(f"Bearer {token}")
    except ValueError:
        raise ValueError(gettext("The token has characters that no token has.")) from None
    return read_parts(token)


def checked_endpoint(text: str) -> str:
    """Return the URL of an MCP endpoint as it was typed or pasted; plain http is allowed."""
    url = _with_scheme(text.strip(_AROUND))
    try:
        check_resource(f"https{url[4:]}" if url.startswith("http:") else url)
    except ValueError as error:
        text = gettext("%(url)s is not the URL of an MCP endpoint: %(problem)s.")
        values = {"url": visible(url), "problem": readable(said(error))}
        raise ValueError(text % values) from error
    return url


def _with_scheme(text: str) -> str:
    """Return a URL with its scheme in lower case; without one it is https, on loopback http."""
    if scheme := _SCHEME.match(text):
        return f"{scheme[0].lower()}{text[scheme.end() :]}"
    match = _HOST.match(text)
    if match is None:
        return text
    is_local = is_loopback(match["host"])
    # A single word is more likely a path than a host.
    if not (is_local or match["port"] or "." in match["host"]):
        return text
    return f"{'http' if is_local else 'https'}://{text.removeprefix('//')}"
