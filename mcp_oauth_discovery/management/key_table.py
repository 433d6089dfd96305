"""The table of `mcp_keys list`: the dates of each key, and what happens to it next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.management.kids import short_kids
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation.outlook import next_step

# A style of Django for each state that matters now. NOTICE would be red.
_PAINTS = {
    State.PENDING: "MIGRATE_HEADING",
    State.ACTIVE: "SUCCESS",
    State.REVOKED: "ERROR",
}


def table(keys: Sequence[SigningKey], now: datetime, style: Any, *, is_wide: bool) -> Iterator[str]:
    """Yield the lines of the table. If `is_wide`, kids are complete and dates have a time."""
    kids = {key.kid: key.kid for key in keys} if is_wide else short_kids([key.kid for key in keys])
    rows = [_cells(key, now, kids, stamp if is_wide else _day) for key in keys]
    titles = [
        _("ALG"),
        _("STATE"),
        _("KID"),
        _("SIGNS FROM"),
        _("RETIRES"),
        pgettext("when a key leaves the JWK Set", "LEAVES"),
        _("NEXT"),
    ]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    yield style.MIGRATE_LABEL(_line(titles, widths))
    for key, row in zip(keys, rows, strict=True):
        paint = getattr(style, _PAINTS.get(key.state(now), ""), str)
        yield _line(row, widths, paint)


def _cells(
    key: SigningKey,
    now: datetime,
    kids: Mapping[str, str],
    written: Callable[[datetime | None], str],
) -> list[str]:
    # A pending key that was revoked never signs.
    never = key.revoked_at is not None and key.revoked_at <= key.activates_at
    dates = (None if never else key.activates_at, key.retires_at, key.leaves_at)
    state = str(key.state(now).label).lower()
    return [key.algorithm, state, kids[key.kid], *map(written, dates), next_step(key, now)]


def _line(cells: Sequence[str], widths: Sequence[int], paint: Callable[[str], str] = str) -> str:
    """Return a row, with the state in a colour."""
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    padded[-1] = padded[-1].rstrip()
    # Colours have no width on a terminal, so add them last.
    padded[1] = paint(padded[1])
    return "  ".join(padded)


def _day(instant: datetime | None) -> str:
    return f"{instant.astimezone(timezone.utc):%Y-%m-%d}" if instant else "-"
