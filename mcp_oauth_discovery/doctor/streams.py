"""Answers that go on for as long as somebody listens: their head is all that there is to judge."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.answers import Answer, Headers

_EVENTS = "text/event-stream"


def is_event_stream(asked: Headers, head: Answer) -> bool:
    """Say whether an answer is the stream of events that was asked for."""
    kind = head.header("content-type") or ""
    return _takes_events(asked) and kind.lower().startswith(_EVENTS)


def may_go_on(asked: Headers, head: Answer) -> bool:
    """Say whether an answer that comes to no end may be a stream of another kind."""
    is_asked = head.method == "GET" and _takes_events(asked)
    return is_asked and head.header("content-length") is None


def _takes_events(asked: Headers) -> bool:
    return any(name.lower() == "accept" and _EVENTS in value for name, value in asked)
