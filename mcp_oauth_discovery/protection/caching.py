"""Keeps responses to requests with a token out of shared caches."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

# Where a view gives directives to shared caches: Cache-Control, and the headers of RFC 9213.
_SHARED = ("public", "s-maxage", "proxy-revalidate")
_TARGETED = ("cdn-cache-control", "surrogate-control")


def keep_private(response: HttpResponseBase) -> None:
    """Keep the answer to a token out of shared caches, even if the view says `public`.

    RFC 9111 §3.5 lets a shared cache send a public answer to clients that have no token.
    """
    patch_vary_headers(response, ["Authorization"])
    for name in [name for name in response.headers if name.lower().endswith(_TARGETED)]:
        del response.headers[name]
    header = response.headers.get("Cache-Control", "")
    directives = [directive.strip() for directive in header.split(",")]
    names = [directive.partition("=")[0].lower() for directive in directives]
    kept = [
        directive
        for directive, name in zip(directives, names, strict=True)
        if directive and name not in _SHARED
    ]
    response.headers["Cache-Control"] = ", ".join(kept)
    if "no-store" not in names:
        patch_cache_control(response, private=True)
