"""What the URLconf and MIDDLEWARE of the project do with a path, without a request."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
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
from django.utils.module_loading import import_string

from mcp_oauth_discovery.conf import (
    default_language,
    fixed_script_prefix,
    project_setting,
    root_urlconf,
    shown,
)
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.standards.identifiers import locate, split
from mcp_oauth_discovery.views import DiscoveryView

_HOSTS = "django_hosts.middleware.HostsBaseMiddleware"
_UNKNOWN = "no-view-has-this-path"


def has_urlconf() -> bool:
    return bool(project_setting("ROOT_URLCONF", ""))


def places_in_middleware(wanted: str) -> list[int]:
    """Return the indexes in MIDDLEWARE of a class, named by its path, and of its subclasses."""
    installed: Sequence[str] = project_setting("MIDDLEWARE", [])
    return [place for place, path in enumerate(installed) if _is_a(path, wanted)]


def _is_a(path: str, wanted: str) -> bool:
    """Compare by name, because the wanted class may not be installed."""
    try:
        middleware = import_string(path)
    except ImportError:
        # Django reports it at the first request.
        return False
    ancestors = getattr(middleware, "__mro__", ())
    return any(f"{base.__module__}.{base.__qualname__}" == wanted for base in ancestors)


def urlconfs() -> list[Any]:
    """Return ROOT_URLCONF, and the URLconf of each host if django-hosts chooses it.

    A check cannot know which URLconf another middleware will choose.
    """
    known = [root_urlconf()]
    hostconf: object = project_setting("ROOT_HOSTCONF", None)
    if isinstance(hostconf, str) and places_in_middleware(_HOSTS):
        # django-hosts has its own checks for missing modules.
        with suppress(ImportError, AttributeError):
            known += [host.urlconf for host in import_module(hostconf).host_patterns]
    return list(dict.fromkeys(known))


def serving_urlconf() -> Any:
    """Return the first URLconf with a discovery view, or None if there is only one URLconf."""
    known = urlconfs()
    serving = [urlconf for urlconf in known if placements(urlconf)] if len(known) > 1 else []
    return next(iter(serving), None)


def example_site() -> Site:
    """Return the site without a request, with the URLconf that serves the documents."""
    return Site(None, urlconf=serving_urlconf())


def described_urlconfs() -> str:
    """Return the settings that name the `urlconfs`, with their values, for messages."""
    root = f"ROOT_URLCONF is {shown(root_urlconf())}"
    others = urlconfs()[1:]
    return f"{root}, and ROOT_HOSTCONF adds {shown(others)}" if others else root


class Placement(NamedTuple):
    """Where in the URLconf a discovery view is, with the prefix as it is written there."""

    prefix: str
    is_localised: bool

    @property
    def is_root(self) -> bool:
        return not self.prefix and not self.is_localised


def placements(urlconf: Any = None) -> dict[Placement, list[URLPattern]]:
    """Return the places and patterns of all discovery views, in one URLconf or in all."""
    patterns: dict[Placement, list[URLPattern]] = defaultdict(list)
    for known in urlconfs() if urlconf is None else [urlconf]:
        for place, pattern in _all_patterns(known):
            if is_discovery(pattern.callback):
                patterns[place].append(pattern)
    return patterns


class Route(NamedTuple):
    """A view and where it is: the route as it is written, prefixes included."""

    written: str
    view: Any
    is_localised: bool
    urlconf: Any

    @property
    def path(self) -> str | None:
        """The path of the view in every request, or None if it varies or another route hides it."""
        path = f"/{self.written}"
        if self.is_localised or "<" in path:
            return None
        match = match_at(path, self.urlconf)
        return path if match is not None and match.func is self.view else None


def routes() -> Iterator[Route]:
    """Yield every view of the URLconfs."""
    for urlconf in urlconfs():
        for place, pattern in _all_patterns(urlconf):
            written = str(pattern.pattern).removeprefix("^")
            yield Route(place.prefix + written, pattern.callback, place.is_localised, urlconf)


def authenticators(view: Any) -> list[type]:
    """Return the authentication classes of a view, if it is one of Django REST framework."""
    given = getattr(view, "initkwargs", None)
    classes = given.get("authentication_classes") if isinstance(given, dict) else None
    if classes is None:
        classes = getattr(getattr(view, "cls", None), "authentication_classes", ())
    # A property has another value for each request.
    return list(classes) if isinstance(classes, (list, tuple)) else []


def _all_patterns(urlconf: Any) -> list[tuple[Placement, URLPattern]]:
    with translation.override(default_language()):
        return list(_placed(get_resolver(urlconf).url_patterns, Placement("", False)))


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
    """Return whether a view of the URLconf is a `DiscoveryView`."""
    view_class = getattr(view, "view_class", None)
    return isinstance(view_class, type) and issubclass(view_class, DiscoveryView)


def match_at(path: str, urlconf: Any = None) -> ResolverMatch | None:
    """Return the match of a percent-decoded path in a URLconf, or in the first that has one."""
    for known in urlconfs() if urlconf is None else [urlconf]:
        with translation.override(default_language()), suppress(Resolver404):
            # `resolve` would use the URLconf that a middleware has set for the thread.
            return get_resolver(known).resolve(path)
    return None


def view_at(path: str, *, below: str = "") -> Any:
    """Return the view for the path `below` + `path`, or None.

    A view that answers any path, as in a single-page app or a CMS, does not count.
    """
    for urlconf in urlconfs():
        match = match_at(below + path, urlconf)
        other = match_at(below + re.sub(r"[^/]+", _UNKNOWN, path), urlconf)
        if match is not None and (other is None or other.route != match.route):
            return match.func
    return None


def path_below(origin: str, url: str) -> str | None:
    """Return the path of a URL as the URLconf sees it, or None if it is not below the origin."""
    if _place(url) != _place(origin):
        return None
    path = unquote(split(url).path) or "/"
    prefix = fixed_script_prefix()
    return path[len(prefix) - 1 :] if path.startswith(prefix) else None


def _place(url: str) -> tuple[str, str]:
    return url.partition(":")[0].lower(), locate(url).host


def with_other_slash(path: str) -> str:
    """Return a path without its final slash, or with one if it has none."""
    return path[:-1] if path.endswith("/") else f"{path}/"
