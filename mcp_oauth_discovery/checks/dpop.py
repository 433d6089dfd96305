"""DPoP (RFC 9449, experimental): whether the views, the metadata and the cache agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.utils.module_loading import import_string

from mcp_oauth_discovery.checks.announced import ALGORITHMS, REQUIRED, Uses, entrances, uses_of
from mcp_oauth_discovery.checks.registry import Advice, about, listed, places, rule
from mcp_oauth_discovery.checks.routes import example_site
from mcp_oauth_discovery.checks.site import (
    PIN,
    SERVER_SETTING,
    name_of,
    published_server_metadata,
    setting_with,
)
from mcp_oauth_discovery.conf import project_setting, shown
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.identity import EXAMPLE_ORIGIN, Resource, Site
from mcp_oauth_discovery.protection.dpop import PROOF_ALGORITHMS
from mcp_oauth_discovery.standards.metadata import Document

Pairs = list[tuple[Resource, Uses]]

# Django's default, which is far too few for used proofs.
_USUAL_ENTRIES = 300
# Fifteen requests a second, for the eleven minutes in which a used proof must be remembered.
_ENOUGH_ENTRIES = 10_000


@rule("W050")
def check_dpop_is_as_announced(**kwargs: Any) -> Iterator[Advice]:
    """Report metadata about DPoP that the views contradict, and DPoP that no client can use."""
    site = example_site()
    pairs = [
        (resource, uses_of(site, resource))
        for resource in site.resources
        if resource.enabled and _is_about_dpop(site, resource)
    ]
    yield from _wrong_members(site, pairs)
    yield from _unpinned(pairs)
    yield from _without_tokens(site, pairs)


def _is_about_dpop(site: Site, resource: Resource) -> bool:
    # Most sites have no DPoP, and some have thousands of resources.
    if entrances().have_dpop:
        return True
    return not {ALGORITHMS, REQUIRED}.isdisjoint(documents.resource_document(site, resource))


def _wrong_members(site: Site, pairs: Pairs) -> Iterator[Advice]:
    """Yield advice about members that the project wrote, and that its views contradict."""
    names: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    values: dict[tuple[str, str, str], Any] = {}
    for resource, uses in pairs:
        # Without a view in the URLconf, another server may have the views.
        document = documents.resource_document(site, resource) if uses.certain else {}
        for member, problem, hint in _contradictions(document, uses):
            key = (f"{setting_with(resource, member)}[{member!r}]", problem, hint)
            names[key].append(shown(name_of(resource)))
            values[key] = document[member]
    for (setting, problem, hint), resources in names.items():
        text = problem.replace("RESOURCES", listed(resources))
        yield about(setting, values[setting, problem, hint], text, hint)


def _contradictions(document: Document, uses: Uses) -> Iterator[tuple[str, str, str]]:
    """Yield each member that the views contradict, with the problem and the hint."""
    lax = [entrance.route.written for entrance in uses.certain if entrance.dpop != "require"]
    strict = [entrance.route.written for entrance in uses.certain]
    if document.get(REQUIRED) is True and lax:
        yield (
            REQUIRED,
            f"the view at {places(lax)} takes Bearer tokens. A stolen token works there without "
            "the key of its client",
            f'Write dpop="require" in the protection of that view, or leave "{REQUIRED}" out.',
        )
    elif document.get(REQUIRED) is False and uses.require_dpop:
        yield (
            REQUIRED,
            f"the view at {places(strict)} refuses Bearer tokens. Clients that read the member "
            "request such tokens",
            f'Leave "{REQUIRED}" out: the app announces what the views do.',
        )
    written: list[str] = document.get(ALGORITHMS, list(PROOF_ALGORITHMS))
    unknown = [name for name in dict.fromkeys(written) if name not in PROOF_ALGORITHMS]
    missing = [name for name in PROOF_ALGORITHMS if name not in written]
    leave_out = f'Leave "{ALGORITHMS}" out: the app announces what the views accept.'
    if not uses.have_dpop and ALGORITHMS in document:
        yield (
            ALGORITHMS,
            "no view of RESOURCES verifies DPoP proofs. Tokens that are bound to a key are refused",
            'Write dpop="accept" in the protection of each view, or leave the member out.',
        )
    elif unknown:
        yield ALGORITHMS, f"no view of RESOURCES accepts proofs with {listed(unknown)}", leave_out
    elif missing:
        problem = f"it lacks {listed(missing)}, which the views of RESOURCES accept"
        yield ALGORITHMS, problem, leave_out


def _unpinned(pairs: Pairs) -> Iterator[Advice]:
    """Yield advice about views that refuse every proof: the request decides the URL."""
    written = [
        entrance.route.written
        for resource, uses in pairs
        if resource.identifier.startswith(EXAMPLE_ORIGIN)
        for entrance in uses.certain
        if entrance.dpop
    ]
    if written:
        yield Advice(
            f"ROOT_URLCONF has a view at {places(written)} with dpop=, and the identifier of its "
            "resource comes from each request. A proof is for one URL, and its host must not come "
            "from the Host header. So the view refuses every token with a proof.",
            PIN,
        )


def _without_tokens(site: Site, pairs: Pairs) -> Iterator[Advice]:
    """Yield advice about views that require tokens which this site does not issue."""
    server = published_server_metadata(site)
    written = [
        entrance.route.written
        for resource, uses in pairs
        for entrance in uses.certain
        if entrance.dpop == "require" and _is_alone(site, resource)
    ]
    if written and server and ALGORITHMS not in server:
        values = ", ".join(f'"{name}"' for name in PROOF_ALGORITHMS)
        yield Advice(
            f"{SERVER_SETTING} does not have {ALGORITHMS}. The view at {places(written)} has "
            'dpop="require", and only this site issues the tokens for it. Clients do not learn '
            "that they can get a token that is bound to their key, and the view refuses all "
            "others.",
            f'Write "{ALGORITHMS}": [{values}] there, if the token endpoint binds tokens. That of '
            "mcp_oauth_discovery.contrib.oauth_toolkit does. Otherwise write "
            'dpop="accept".',
        )


def _is_alone(site: Site, resource: Resource) -> bool:
    """Return whether only this site issues tokens for a resource."""
    servers: list[str] = documents.resource_document(site, resource)["authorization_servers"]
    return servers == [site.issuer]


@rule("W051", deploy=True)
def check_used_proofs_are_remembered(**kwargs: Any) -> Iterator[Advice]:
    """Report a cache that lets a stolen DPoP proof be used again."""
    if not entrances().have_dpop:
        return
    caches: Mapping[str, Mapping[str, Any]] = project_setting("CACHES", {})
    entry = caches.get("default", {})
    backend = _backend(entry)
    if backend is None:
        return
    shared = (
        "Use a cache that all processes share, such as "
        '"BACKEND": "django.core.cache.backends.redis.RedisCache".'
    )
    setting, name = "CACHES['default']", shown(entry["BACKEND"])
    if issubclass(backend, DummyCache):
        problem = "it remembers nothing"
    elif issubclass(backend, LocMemCache):
        problem = "each process has its own"
        shared += " If the site runs in a single process, silence this check."
    elif issubclass(backend, FileBasedCache):
        # It checks that a key is new, and writes the file later.
        problem = "two processes can store the same proof at the same time"
    elif issubclass(backend, DatabaseCache):
        most = _most_entries(entry)
        if most >= _ENOUGH_ENTRIES:
            return
        problem = f"it keeps at most {most} entries, and drops others to make room"
        shared = f'Write "OPTIONS": {{"MAX_ENTRIES": 100000}} in {setting}. Or: {shared}'
    else:
        return
    yield Advice(
        f"{setting} is {name}: {problem}. A view has dpop=, and the cache must remember each used "
        "proof for 11 minutes. Otherwise a stolen proof works again with its token.",
        shared,
    )


def _backend(entry: Mapping[str, Any]) -> type | None:
    """Return the class of a cache, or None if there is none: then Django reports it."""
    try:
        backend = import_string(entry["BACKEND"])
    except (KeyError, ImportError):
        return None
    return backend if isinstance(backend, type) else None


def _most_entries(entry: Mapping[str, Any]) -> int:
    """Return how many entries a cache has at most, read as Django does."""
    options: Mapping[str, Any] = entry.get("OPTIONS") or {}
    value = entry.get("max_entries", options.get("MAX_ENTRIES", _USUAL_ENTRIES))
    try:
        return int(value)
    except (TypeError, ValueError):
        return _USUAL_ENTRIES
