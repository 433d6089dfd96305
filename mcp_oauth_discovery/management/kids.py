"""The `kid` of a key on a command line: short where it is printed, a unique prefix where typed."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from os.path import commonprefix

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from mcp_oauth_discovery.models import SigningKey

# What is printed and typed. Of a thumbprint, eight characters are 48 random bits.
SHORTEST_SHOWN = 8
SHORTEST_TYPED = 4


def short_kids(kids: Collection[str]) -> dict[str, str]:
    """Return the shortest prefix of each kid that no other one has, of eight characters or more."""
    ordered = sorted(kids)
    shared = [0, *map(len, map(commonprefix, itertools.pairwise(ordered))), 0]
    lengths = (max(before, after) + 1 for before, after in itertools.pairwise(shared))
    return {
        kid: kid[: max(SHORTEST_SHOWN, length)]
        for kid, length in zip(ordered, lengths, strict=True)
    }


def full_kid(typed: str) -> str:
    """Return the kid that begins with a text; raises `CommandError` if there are several.

    The text comes back if no kid begins with it.
    """
    kids: list[str] = sorted(SigningKey.objects.authoritative().values_list("kid", flat=True))
    matches = [kid for kid in kids if typed and kid.startswith(typed)]
    if typed in kids or not matches:
        return typed
    if len(typed) < SHORTEST_TYPED:
        text = _("%(kid)r is too short. Type at least %(number)d characters of the kid.")
        raise CommandError(text % {"kid": typed, "number": SHORTEST_TYPED})
    if len(matches) > 1:
        text = _("%(kid)r is the beginning of %(number)d kids: %(kids)s. Type more of it.")
        values = {"kid": typed, "number": len(matches), "kids": ", ".join(matches)}
        raise CommandError(text % values)
    [kid] = matches
    return kid
