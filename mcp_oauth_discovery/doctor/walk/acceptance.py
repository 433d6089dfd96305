"""Who accepts which `resource`, `issuer` and challenge, as far as the source of clients is open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.hosts import origin
from mcp_oauth_discovery.standards.identifiers import split, without_final_slash

Rule = Callable[[str, str, Role], bool]


def _python(endpoint: str, resource: str, role: Role) -> bool:
    """Scheme and authority equal, path a prefix by whole segments.

    pydantic writes the `resource` anew, without a default port; the endpoint stays as it is.
    """
    wanted, given = urlsplit(endpoint), split(resource)
    same = f"{wanted.scheme}://{wanted.netloc}".lower() == origin(resource)
    return same and _slashed(wanted.path).startswith(_slashed(given.path))


def _typescript(endpoint: str, resource: str, role: Role) -> bool:
    """Origin equal, path a prefix by whole segments and not longer, not by a slash either."""
    wanted, given = split(endpoint).path or "/", split(resource).path or "/"
    fits = len(wanted) >= len(given) and _slashed(wanted).startswith(_slashed(given))
    return origin(endpoint) == origin(resource) and fits


def _rust(endpoint: str, resource: str, role: Role) -> bool:
    """Origin equal, path equal or a prefix that ends before a slash."""
    wanted, given = split(endpoint).path or "/", split(resource).path or "/"
    fits = wanted == given or (wanted.startswith(given) and _ends_segment(wanted, given))
    return origin(endpoint) == origin(resource) and fits and "#" not in resource


def _go(endpoint: str, resource: str, role: Role) -> bool:
    """The very string; at the root, that of the origin."""
    return resource == (split(endpoint).origin if role is Role.ROOT else endpoint)


def _vs_code(endpoint: str, resource: str, role: Role) -> bool:
    """The same URL after parsing; at the root, the origin."""
    return _parsed(resource) == _parsed(split(endpoint).origin if role is Role.ROOT else endpoint)


RESOURCE_RULES: dict[Client, Rule] = {
    Client.PYTHON: _python,
    Client.TYPESCRIPT: _typescript,
    Client.INSPECTOR: _typescript,
    Client.RUST: _rust,
    Client.GO: _go,
    Client.VS_CODE: _vs_code,
}
# Which clients take the last value of a repeated parameter, and which the first.
LAST_VALUE = (Client.VS_CODE, Client.GO)
FIRST_VALUE = (Client.PYTHON, Client.TYPESCRIPT, Client.RUST, Client.INSPECTOR)
# These go on to the next address when a document does not match; the others stop there.
_PATIENT = (Client.GO, Client.VS_CODE)


def refusals(endpoint: str, found: Sequence[tuple[Role, str]]) -> list[Client]:
    """Return the clients that end without a matching `resource`, of those found in their order."""
    refused = []
    for client, accepts in RESOURCE_RULES.items():
        tried = found if client in _PATIENT else found[:1]
        if not any(accepts(endpoint, resource, role) for role, resource in tried):
            refused.append(client)
    return refused


def issuer_refusals(expected: str, issuer: str) -> list[Client]:
    """Return the clients that refuse metadata with another issuer than the one they came from."""
    refused = [] if _written(issuer) == _written(expected) else [Client.PYTHON]
    if issuer not in (expected, expected.removesuffix("/")):
        refused += [Client.TYPESCRIPT, Client.INSPECTOR]
    if _without_root_slash(issuer) != _without_root_slash(expected):
        refused.append(Client.RUST)
    return refused


# How the Go SDK splits a header, and what it accepts as a parameter.
_GO_COMMA = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|,')
_GO_NAME = re.compile(r"\s*[^\s=]{1,200}=")
_GO_PARAMETER = re.compile(r'[^=]+=\s*(?:"(?:[^"\\]|\\.)*"\s*|[^",\s][^,]*)(?:,\s*|\Z)')


def differing_parts(seen: str, expected: str) -> list[str]:
    """Return the parts in which two URLs differ for browsers; none if one is not a URL."""
    if not (origin(seen) and origin(expected)):
        return []
    parts, wanted = _read_parts(seen), _read_parts(expected)
    names = [name for name in parts if parts[name] != wanted[name]]
    if without_final_slash(parts["path"]) == without_final_slash(wanted["path"]):
        return ["final slash" if name == "path" else name for name in names]
    return names


def difference(seen: str, expected: str) -> str:
    """Return in which parts two URLs differ, as a sentence; "" if one is not a URL."""
    if not (origin(seen) and origin(expected)):
        return ""
    names = differing_parts(seen, expected)
    if not names:
        return "Only the spelling differs: browsers read the same URL."
    return f"The {' and the '.join(names)} {'differs' if len(names) == 1 else 'differ'}."


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


def header_refusals(lines: Iterable[str]) -> list[Client]:
    """Return the clients that stop at a malformed `WWW-Authenticate`; others search in it."""
    return [] if all(map(_go_reads, lines)) else [Client.GO]


def _go_reads(line: str) -> bool:
    ends = [one.start() for one in _GO_COMMA.finditer(line) if one[0] == ","]
    # A comma before a name and an equals sign separates parameters, not challenges.
    ends = [end for end in ends if not _GO_NAME.match(line, end + 1)]
    starts = [0, *(end + 1 for end in ends)]
    parts = [line[start:end] for start, end in zip(starts, [*ends, len(line)], strict=True)]
    return all(_go_reads_one(part.strip()) for part in parts)


def _go_reads_one(challenge: str) -> bool:
    parameters = challenge.partition(" ")[2]
    position = 0
    while position < len(parameters):
        match = _GO_PARAMETER.match(parameters, position)
        if match is None:
            return False
        position = match.end()
    return True


def _slashed(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"


def _ends_segment(path: str, prefix: str) -> bool:
    return prefix.endswith("/") or path[len(prefix) :].startswith("/")


def _parsed(url: str) -> str:
    """Return a URL as URL parsers of browsers write it, as far as identifiers go."""
    _, path, query, fragment = split(url)
    return f"{origin(url)}{path or '/'}{query}{fragment}"


def _written(issuer: str) -> str:
    """Return an issuer as pydantic writes it, or as it is where it is no URL."""
    return f"{origin(issuer)}{split(issuer).path}" if origin(issuer) else issuer


def _without_root_slash(issuer: str) -> str:
    is_root = bool(origin(issuer)) and split(issuer)[1:] == ("/", "", "")
    return issuer[:-1] if is_root else issuer
