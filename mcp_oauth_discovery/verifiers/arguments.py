"""Checks of the arguments that a project passes to a verifier."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from mcp_oauth_discovery.conf import shown

# In seconds. A client may have to wait for this long.
_MOST_TIMEOUT = 60


def check_url(owner: str, name: str, value: object, check: Callable[[object], str]) -> str:
    """Return a URL that `check` accepts; raises `ValueError` or `TypeError`."""
    if not isinstance(value, str):
        raise TypeError(f"{owner}: {name} is {value!r}; expected a URL as a string.")
    try:
        return check(value)
    except ValueError as error:
        # The URL may have a password in it.
        raise ValueError(f"{owner}: {name} is {shown(value)}: {error}.") from error


def check_timeout(owner: str, value: object) -> float:
    """Return a number of seconds that a request may take; raises `ValueError` or `TypeError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{owner}: timeout is {value!r}; expected a number of seconds.")
    # NaN is in no range.
    if not 0 < value <= _MOST_TIMEOUT:
        text = f"expected more than 0 and at most {_MOST_TIMEOUT} seconds"
        raise ValueError(f"{owner}: timeout is {value!r}; {text}.")
    return value


def check_strings(owner: str, name: str, value: object) -> tuple[str, ...]:
    """Return a string, or an iterable of them, as a tuple; raises `ValueError` or `TypeError`."""
    items = (value,) if isinstance(value, str) else value
    texts = tuple(items) if isinstance(items, Iterable) else ()
    if not texts and not isinstance(items, Collection):
        raise TypeError(f"{owner}: {name} is {value!r}; expected a string or a list of strings.")
    if not texts or not all(isinstance(text, str) and text for text in texts):
        text = "expected a string or a list of strings, none of them empty"
        raise ValueError(f"{owner}: {name} is {value!r}; {text}.")
    return texts


def check_audiences(owner: str, value: object) -> tuple[str, ...] | None:
    """Return the accepted audiences; None stands for the identifier of the resource."""
    return None if value is None else check_strings(owner, "audience", value)


def check_algorithms(owner: str, value: object, known: Iterable[str]) -> frozenset[str]:
    """Return the accepted algorithms, all that are known by default."""
    names = frozenset(known)
    if value is None:
        return names
    chosen = check_strings(owner, "algorithms", value)
    if unknown := sorted(set(chosen) - names):
        text = f"expected some of {', '.join(sorted(names))}"
        raise ValueError(f"{owner}: algorithms has {', '.join(map(repr, unknown))}; {text}.")
    return frozenset(chosen)


def check_text(owner: str, name: str, value: object, *, is_secret: bool = False) -> str:
    """Return a string that is not empty; a secret is in no message."""
    shown = type(value).__name__ if is_secret else repr(value)
    if not isinstance(value, str):
        raise TypeError(f"{owner}: {name} is {shown}; expected a string.")
    if not value:
        raise ValueError(f"{owner}: {name} is empty; expected a string that is not empty.")
    return value
