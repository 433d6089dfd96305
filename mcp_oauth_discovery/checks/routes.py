"""What the project's URLconf does with a path, without a request."""

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
_NOBODYS = "nobody-has-this-path"


def has_urlconf() -> bool:
    return bool(project_setting("ROOT_URLCONF", ""))


def places_in_middleware(wanted: str) -> list[int]:
    """Return where in MIDDLEWARE a class is, given by its path, or a subclass of it."""
    installed: Sequence[str] = project_setting("MIDDLEWARE", [])
    return [place for place, path in enumerate(installed) if _is_a(path, wanted)]


def _is_a(path: str, wanted: str) -> bool:
    """Compare by name: what is wanted need not be there."""
    try:
        middleware = import_string(path)
    except ImportError:
        # Django says so when the first request comes.
        return False
    ancestors = getattr(middleware, "__mro__", ())
    return any(f"{one.__module__}.{one.__qualname__}" == wanted for one in ancestors)


def urlconfs() -> list[Any]:
    """Return ROOT_URLCONF, and the URLconf of each host where django-hosts chooses it.

    A check cannot know what another middleware will choose.
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
    serving = [one for one in known if placements(one)] if len(known) > 1 else []
    return next(iter(serving), None)


def example_site() -> Site:
    """Return the site without a request, as the URLconf of the documents sees it."""
    return Site(None, urlconf=serving_urlconf())


def looked_at() -> str:
    """Return the settings that say where `urlconfs` are, with their values."""
    root = f"ROOT_URLCONF is {shown(root_urlconf())}"
    others = urlconfs()[1:]
    return f"{root}, and ROOT_HOSTCONF adds {shown(others)}" if others else root


class Placement(NamedTuple):
    """Where in the URLconf a discovery view is: the prefix as it is written there."""

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
        """The path that is the view's in every request; None if it is a pattern, or hidden."""
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
    # One that is a property has its answer for each request.
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
    """Say whether a view of the URLconf is a `DiscoveryView`."""
    view_class = getattr(view, "view_class", None)
    return isinstance(view_class, type) and issubclass(view_class, DiscoveryView)


def match_at(path: str, urlconf: Any = None) -> ResolverMatch | None:
    """Return the match of a percent-decoded path in a URLconf, or in the first that has one."""
    for one in urlconfs() if urlconf is None else [urlconf]:
        with translation.override(default_language()), suppress(Resolver404):
            # `resolve` would use the URLconf that a middleware has set for the thread.
            return get_resolver(one).resolve(path)
    return None


def view_at(path: str, *, below: str = "") -> Any:
    """Return the view that is meant for the path `below` + `path`, or None.

    One that answers to any path, as a single-page app or a CMS does, is not.
    """
    for urlconf in urlconfs():
        match = match_at(below + path, urlconf)
        anybodys = match_at(below + re.sub(r"[^/]+", _NOBODYS, path), urlconf)
        if match is not None and (anybodys is None or anybodys.route != match.route):
            return match.func
    return None


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
