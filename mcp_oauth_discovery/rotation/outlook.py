"""What happens to the keys next, and when, in sentences for operators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.keys.lifetimes import in_words, span
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation.schedule import due_at


class Prospect(NamedTuple):
    """A coming event, or one that is overdue: when, and a sentence about it."""

    at: datetime
    text: str
    is_late: bool = False


def prospects(keys: Sequence[SigningKey], now: datetime) -> list[Prospect]:
    """Return what happens next, in order; raises `Misconfigured`."""
    configured = policy.signing_algorithms()
    events: list[Prospect] = []
    for algorithm in [*configured, *sorted({key.algorithm for key in keys}.difference(configured))]:
        line = [key for key in keys if key.algorithm == algorithm]
        events += _of_line(algorithm, line, now, is_configured=algorithm in configured)
    return sorted(events, key=lambda event: (not event.is_late, event.at))


def _of_line(
    algorithm: str, line: Iterable[SigningKey], now: datetime, *, is_configured: bool
) -> Iterator[Prospect]:
    # Hosts with different clocks may have made several pending keys: the first one is the next.
    keys = sorted(line, key=lambda key: (key.activates_at, key.pk))
    by_state = {key.state(now): key for key in reversed(keys)}
    active, pending = by_state.get(State.ACTIVE), by_state.get(State.PENDING)
    if active is None and is_configured:
        yield _idle(algorithm, pending, now)
    if pending:
        yield _handover(active, pending, now)
    elif active and active.retires_at:
        text = _("In %(span)s the %(algorithm)s key %(key)s retires, and has no successor.")
        yield _coming(active, active.retires_at, text, now)
    elif active and is_configured:
        yield _rotation(active, now)
    for key in keys:
        if key.state(now) is State.RETIRED and key.leaves_at:
            text = _("In %(span)s the %(algorithm)s key %(key)s leaves the JWK Set.")
            yield _coming(key, key.leaves_at, text, now)


def _coming(key: SigningKey, at: datetime, text: str, now: datetime, **names: str) -> Prospect:
    names = {"algorithm": key.algorithm, "key": key.short_kid, "span": in_words(at - now), **names}
    return Prospect(at, text % names)


def _handover(active: SigningKey | None, pending: SigningKey, now: datetime) -> Prospect:
    if active is None:
        text = _("In %(span)s the %(algorithm)s key %(key)s begins to sign.")
        return _coming(pending, pending.activates_at, text, now)
    text = _("In %(span)s the %(algorithm)s key %(key)s takes over and %(active)s retires.")
    return _coming(pending, pending.activates_at, text, now, active=active.short_kid)


def _idle(algorithm: str, pending: SigningKey | None, now: datetime) -> Prospect:
    if pending is None:
        text = _(
            "No %(algorithm)s key is active. If this site issues tokens, run manage.py mcp_keys "
            "rotate."
        )
        return Prospect(now, text % {"algorithm": algorithm}, True)
    is_soon = pending.activates_at <= now + 2 * policy.CLOCK_SKEW
    text = _("No %(algorithm)s key is active until %(key)s signs.")
    if not is_soon:
        text = _(
            "No %(algorithm)s key is active until %(key)s signs. To make it sign now, run "
            "manage.py mcp_keys rotate."
        )
    return Prospect(now, text % {"algorithm": algorithm, "key": pending.short_kid}, True)


def _rotation(active: SigningKey, now: datetime) -> Prospect:
    due = due_at(active)
    if due > now:
        text = _(
            "In %(span)s the rotation of %(algorithm)s is due: run manage.py mcp_keys rotate "
            "--if-due."
        )
        return _coming(active, due, text, now)
    text = _(
        "The rotation of %(algorithm)s has been due for %(span)s: run manage.py mcp_keys rotate "
        "--if-due."
    )
    return Prospect(due, text % {"algorithm": active.algorithm, "span": in_words(now - due)}, True)


class Event(NamedTuple):
    """What happens to a key next, in words, and when."""

    text: str
    at: datetime


def next_event(key: SigningKey, now: datetime) -> Event | None:
    """Return what happens to a key next; raises `Misconfigured`."""
    state = key.state(now)
    if key.algorithm not in ALGORITHMS:
        return None
    if state is State.ACTIVE and key.retires_at is None:
        due = due_at(key)
        if due <= now:
            return Event(_("rotation overdue"), due)
        return Event(_("rotation due in %(span)s") % {"span": span(due - now)}, due)
    texts = {
        State.PENDING: (_("signs in %(span)s"), key.activates_at),
        State.ACTIVE: (_("retires in %(span)s"), key.retires_at),
        State.RETIRED: (_("leaves the JWK Set in %(span)s"), key.leaves_at),
    }
    text, at = texts.get(state, ("", None))
    return Event(text % {"span": span(at - now)}, at) if at else None


def outlook(key: SigningKey, now: datetime) -> str:
    """Describe what happens to a key next, and in how long; raises `Misconfigured`."""
    event = next_event(key, now)
    return event.text if event else "-"


def next_step(key: SigningKey, now: datetime) -> str:
    """Return the outlook of a key; if a setting is wrong, the command that says which."""
    try:
        return outlook(key, now)
    except Misconfigured:
        return _("unknown: run manage.py check")
