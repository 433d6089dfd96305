"""What the project's URLconf does with a path, without a request."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from django.urls import (
    LocalePrefixPattern,
    Resolver404,
    ResolverMatch,
    URLPattern,
    URLResolver,
    get_resolver,
)
from django.utils import translation

from mcp_oauth_discovery.conf import default_language, fixed_script_prefix, project_setting
from mcp_oauth_discovery.identifiers import locate, split
from mcp_oauth_discovery.views import DiscoveryView

_NOBODYS = "nobody-has-this-path"


def has_urlconf() -> bool:
    return bool(project_setting("ROOT_URLCONF", ""))


class Placement(NamedTuple):
    """Where in the URLconf a discovery view is: the prefix as it is written there."""

    prefix: str
    is_localised: bool

    @property
    def is_root(self) -> bool:
        return not self.prefix and not self.is_localised


def placements() -> dict[Placement, list[URLPattern]]:
    """Return the places of all discovery views, and their patterns there."""
    found: dict[Placement, list[URLPattern]] = defaultdict(list)
    for place, pattern in _all_patterns():
        if is_discovery(pattern.callback):
            found[place].append(pattern)
    return found


class Route(NamedTuple):
    """A view and where it is: the route as it is written, prefixes included."""

    written: str
    view: Any
    is_localised: bool

    @property
    def path(self) -> str | None:
        """The path that is the view's in every request; None if it is a pattern, or hidden."""
        path = f"/{self.written}"
        if self.is_localised or "<" in path:
            return None
        match = match_at(path)
        return path if match is not None and match.func is self.view else None


def routes() -> Iterator[Route]:
    """Yield every view of the URLconf."""
    for place, pattern in _all_patterns():
        written = str(pattern.pattern).removeprefix("^")
        yield Route(place.prefix + written, pattern.callback, place.is_localised)


def authenticators(view: Any) -> list[type]:
    """Return the authentication classes of a view, if it is one of Django REST framework."""
    given = getattr(view, "initkwargs", None)
    classes = given.get("authentication_classes") if isinstance(given, dict) else None
    if classes is None:
        classes = getattr(getattr(view, "cls", None), "authentication_classes", ())
    # One that is a property has its answer for each request.
    return list(classes) if isinstance(classes, (list, tuple)) else []


def _all_patterns() -> list[tuple[Placement, URLPattern]]:
    with translation.override(default_language()):
        return list(_placed(get_resolver().url_patterns, Placement("", False)))


def _placed(
    patterns: Iterable[URLPattern | URLResolver], outer: Placement
) -> Iterator[tuple[Placement, URLPattern]]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            written = str(entry.pattern).removeprefix("^")
            is_localised = outer.is_localised or isinstance(entry.pattern, LocalePrefixPattern)
            inner = Placement(outer.prefix + written, is_localised)
            yield from _placed(entry.url_patterns, inner)
        else:
            yield outer, entry


def is_discovery(view: object) -> bool:
    """Say whether a view of the URLconf is a `DiscoveryView`."""
    view_class = getattr(view, "view_class", None)
    return isinstance(view_class, type) and issubclass(view_class, DiscoveryView)


def match_at(path: str, urlconf: Any = None) -> ResolverMatch | None:
    """Return what the URLconf, or another one, routes a percent-decoded path to, if it does."""
    with translation.override(default_language()):
        try:
            # `resolve` would look at the URLconf that a middleware has set for the thread.
            return get_resolver(urlconf).resolve(path)
        except Resolver404:
            return None


def view_at(path: str, *, below: str = "") -> Any:
    """Return the view that is meant for the path `below` + `path`, or None.

    One that answers to any path, as a single-page app or a CMS does, is not.
    """
    match = match_at(below + path)
    anybodys = match_at(below + re.sub(r"[^/]+", _NOBODYS, path))
    if match is None or (anybodys is not None and anybodys.route == match.route):
        return None
    return match.func


def path_below(origin: str, url: str) -> str | None:
    """Return the path of a URL as the URLconf sees it; None when it is not below the origin."""
    if _place(url) != _place(origin):
        return None
    path = unquote(split(url).path) or "/"
    prefix = fixed_script_prefix()
    return path[len(prefix) - 1 :] if path.startswith(prefix) else None


def _place(url: str) -> tuple[str, str]:
    return url.partition(":")[0].lower(), locate(url).host


def with_other_slash(path: str) -> str:
    """Return a path with a final slash where it has none, and without where it has one."""
    return path[:-1] if path.endswith("/") else f"{path}/"
