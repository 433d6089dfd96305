"""Which clients accept which `resource`, `issuer` and challenge; for clients with open source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.language import gettext, ngettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.hosts import origin
from mcp_oauth_discovery.standards.identifiers import split, without_final_slash

Rule = Callable[[str, str, Role], bool]


def python_accepts(endpoint: str, resource: str, role: Role) -> bool:
    """Compare the scheme and authority; the path may be a prefix of whole segments.

    pydantic normalizes the `resource`, without a default port. The endpoint stays as it is.
    """
    wanted, given = urlsplit(endpoint), split(resource)
    same = f"{wanted.scheme}://{wanted.netloc}".lower() == origin(resource)
    return same and _slashed(wanted.path).startswith(_slashed(given.path))


def typescript_accepts(endpoint: str, resource: str, role: Role) -> bool:
    """Compare the origin; the path may be a prefix of whole segments, but never longer."""
    wanted, given = split(endpoint).path or "/", split(resource).path or "/"
    fits = len(wanted) >= len(given) and _slashed(wanted).startswith(_slashed(given))
    return origin(endpoint) == origin(resource) and fits


def rust_accepts(endpoint: str, resource: str, role: Role) -> bool:
    """Compare the origin; the path may be a prefix that ends at a slash."""
    wanted, given = split(endpoint).path or "/", split(resource).path or "/"
    ends_segment = given.endswith("/") or wanted[len(given) :].startswith("/")
    fits = wanted == given or (wanted.startswith(given) and ends_segment)
    return origin(endpoint) == origin(resource) and fits and "#" not in resource


def go_accepts(endpoint: str, resource: str, role: Role) -> bool:
    """Compare the exact strings; at the root, with the origin of the endpoint."""
    return resource == (split(endpoint).origin if role is Role.ROOT else endpoint)


def vs_code_accepts(endpoint: str, resource: str, role: Role) -> bool:
    """Compare the parsed URLs; at the root, with the origin of the endpoint."""
    return _parsed(resource) == _parsed(split(endpoint).origin if role is Role.ROOT else endpoint)


RESOURCE_RULES: dict[Client, Rule] = {
    Client.PYTHON: python_accepts,
    Client.TYPESCRIPT: typescript_accepts,
    Client.INSPECTOR: typescript_accepts,
    Client.RUST: rust_accepts,
    Client.GO: go_accepts,
    Client.VS_CODE: vs_code_accepts,
}
# Clients that use the last value of a repeated parameter, and clients that use the first.
LAST_VALUE = (Client.VS_CODE, Client.GO)
FIRST_VALUE = (Client.PYTHON, Client.TYPESCRIPT, Client.RUST, Client.INSPECTOR)
# These try the next address if a document does not match; the others stop there.
_PATIENT = (Client.GO, Client.VS_CODE)

# What differs if the rest of the path is the same.
FINAL_SLASH = _("final slash")
# The parts of a URL, as `differing_parts` names them.
_PARTS = (
    _("scheme"),
    _("host"),
    _("port"),
    _("path"),
    FINAL_SLASH,
    _("query"),
    _("fragment"),
)

# How the Go SDK splits a header, and the parameters that it accepts.
_GO_COMMA = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|,')
_GO_NAME = re.compile(r"\s*[^\s=]{1,200}=")
_GO_PARAMETER = re.compile(r'[^=]+=\s*(?:"(?:[^"\\]|\\.)*"\s*|[^",\s][^,]*)(?:,\s*|\Z)')


def refusals(endpoint: str, resources: Sequence[tuple[Role, str]]) -> list[Client]:
    """Return the clients that accept none of the resources.

    These are in the order in which clients try their addresses.
    """
    refused = []
    for client, accepts in RESOURCE_RULES.items():
        tried = resources if client in _PATIENT else resources[:1]
        if not any(accepts(endpoint, resource, role) for role, resource in tried):
            refused.append(client)
    return refused


def issuer_refusals(expected: str, issuer: str) -> list[Client]:
    """Return the clients that refuse metadata with this issuer where they expect another."""
    refused = [] if _written(issuer) == _written(expected) else [Client.PYTHON]
    if issuer not in (expected, expected.removesuffix("/")):
        refused += [Client.TYPESCRIPT, Client.INSPECTOR]
    if _without_root_slash(issuer) != _without_root_slash(expected):
        refused.append(Client.RUST)
    return refused


def header_refusals(lines: Iterable[str]) -> list[Client]:
    """Return the clients that fail on a malformed `WWW-Authenticate`; others search in it."""
    return [] if all(map(_go_reads, lines)) else [Client.GO]


def _go_reads(line: str) -> bool:
    ends = [match.start() for match in _GO_COMMA.finditer(line) if match[0] == ","]
    # A comma before a name and an equals sign separates parameters, not challenges.
    ends = [end for end in ends if not _GO_NAME.match(line, end + 1)]
    starts = [0, *(end + 1 for end in ends)]
    for start, end in zip(starts, [*ends, len(line)], strict=True):
        parameters = line[start:end].strip().partition(" ")[2]
        position = 0
        while position < len(parameters):
            match = _GO_PARAMETER.match(parameters, position)
            if match is None:
                return False
            position = match.end()
    return True


def differing_parts(url: str, expected: str) -> list[str]:
    """Return the parts in which two URLs differ for browsers; none if one is not a URL."""
    if not (origin(url) and origin(expected)):
        return []
    parts, wanted = _read_parts(url), _read_parts(expected)
    names = [name for name in parts if parts[name] != wanted[name]]
    if without_final_slash(parts["path"]) == without_final_slash(wanted["path"]):
        return [FINAL_SLASH if name == "path" else name for name in names]
    return names


def difference(url: str, expected: str) -> str:
    """Return a sentence about the parts in which two URLs differ; "" if one is not a URL."""
    if not (origin(url) and origin(expected)):
        return ""
    names = differing_parts(url, expected)
    if not names:
        return gettext("Only the spelling differs: browsers read the same URL.")
    sentence = ngettext("The %(parts)s differs.", "The %(parts)s differ.", len(names))
    return sentence % {"parts": in_words(names)}


def in_words(parts: Sequence[str]) -> str:
    """Return the parts of a URL as a list in a sentence, which begins with an article."""
    *others, last = map(gettext, parts)
    # Translators: the last two of a list of parts of a URL: scheme, host, port and others.
    pair = gettext("%(one)s and the %(other)s")
    # Translators: between the other parts of that list.
    listed = gettext(", the ").join(others)
    return pair % {"one": listed, "other": last} if others else last


def _read_parts(url: str) -> dict[str, str]:
    authority = urlsplit(origin(url))
    _, path, query, fragment = split(url)
    return {
        "scheme": authority.scheme,
        "host": authority.hostname or "",
        "port": str(authority.port or ""),
        "path": path or "/",
        "query": query,
        "fragment": fragment,
    }


def _slashed(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"


def _parsed(url: str) -> str:
    """Return a URL as the parsers of browsers write it, as far as identifiers need it."""
    _, path, query, fragment = split(url)
    return f"{origin(url)}{path or '/'}{query}{fragment}"


def _written(issuer: str) -> str:
    """Return an issuer as pydantic writes it, or unchanged if it is not a URL."""
    return f"{origin(issuer)}{split(issuer).path}" if origin(issuer) else issuer


def _without_root_slash(issuer: str) -> str:
    is_root = bool(origin(issuer)) and split(issuer)[1:] == ("/", "", "")
    return issuer[:-1] if is_root else issuer
