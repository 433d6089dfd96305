"""What the clients of the load run observe, and which of it must not happen."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.robustness.load.history import Published, State, existed, published_set
from tests.robustness.traffic import Answer


class Revocation(NamedTuple):
    """A key that is revoked, and when the command began and had returned (Unix time)."""

    kid: str
    began_at: float
    ended_at: float = float("inf")


class Verified(NamedTuple):
    """A call with a token of a key: when it was sent and answered, and whether it was accepted."""

    kid: str
    worker: str
    sent_at: float
    received_at: float
    is_accepted: bool


class Issued(NamedTuple):
    """A token that the token endpoint signed with a key, and when it was requested."""

    kid: str
    worker: str
    sent_at: float


class Served(NamedTuple):
    """A JWK Set, and when it was requested and received."""

    keys: Published
    worker: str
    sent_at: float
    received_at: float


@dataclass
class Record:
    """What was observed. Clients add to it in one thread, and the operator reads it in another."""

    violations: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    calls: list[Verified] = field(default_factory=list)
    sets: list[Served] = field(default_factory=list)
    issued: list[Issued] = field(default_factory=list)
    revocations: dict[str, Revocation] = field(default_factory=dict)
    is_over: bool = False
    _bodies: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def add(self, name: str, answer: Answer, *statuses: int) -> bool:
        """Count an answer; any other status than these is a violation."""
        self.answers[f"{name} {answer.status}"] += 1
        self.seconds[name].append(answer.received_at - answer.sent_at)
        if answer.status in statuses:
            return True
        self.violations.append(f"{name}: {answer.head!r} {answer.body!r}")
        return False

    def add_document(self, path: str, answer: Answer) -> None:
        """Check the ETag of a document, and keep a JWK Set for `mixed_sets`."""
        etag = answer.header("ETag") or ""
        if answer.status == 304:
            if (path, etag) not in self._bodies:
                self.violations.append(f"{path}: 304 with the ETag {etag} of no document")
            return
        if self._bodies.setdefault((path, etag), answer.body) != answer.body:
            self.violations.append(f"{path}: two bodies have the ETag {etag}")
        if path.endswith("jwks.json"):
            keys = published_set(json.loads(answer.body))
            worker = answer.header("X-Worker") or ""
            self.sets.append(Served(keys, worker, answer.sent_at, answer.received_at))

    def etags(self) -> dict[str, int]:
        """Return how many different ETags each document had."""
        return dict(Counter(path for path, _ in self._bodies))

    def workers(self, kid: str, *, accepted: bool) -> set[str]:
        """Return the workers that accepted or refused tokens of a key."""
        return {
            call.worker
            for call in list(self.calls)
            if call.kid == kid and call.is_accepted == accepted
        }


def mixed_sets(record: Record, states: list[State]) -> list[str]:
    """Return a line for each JWK Set that never was in the database."""
    checked = {}
    for served in record.sets:
        kids = sorted(kid for kid, _ in served.keys)
        if not existed(served.keys, states, served.sent_at, served.received_at):
            checked[tuple(kids)] = f"{served.sent_at:.3f}: worker {served.worker} served {kids}"
    return list(checked.values())


def late_uses(record: Record, seconds: float) -> list[str]:
    """Return a line for each use of a revoked key more than `seconds` after its revocation."""
    late = []
    for kid, revocation in record.revocations.items():
        ended_at = revocation.ended_at
        late += [
            f"worker {call.worker} accepted a token of {kid} after {call.sent_at - ended_at:.2f} s"
            for call in record.calls
            if call.kid == kid and call.is_accepted and call.sent_at > ended_at + seconds
        ]
        late += [
            f"worker {served.worker} served {kid} after {served.sent_at - ended_at:.2f} s"
            for served in record.sets
            if kid in dict(served.keys) and served.sent_at > ended_at + seconds
        ]
        late += [
            f"worker {token.worker} signed with {kid} after {token.sent_at - ended_at:.2f} s"
            for token in record.issued
            if token.kid == kid and token.sent_at > ended_at + seconds
        ]
    return late


def used_again(record: Record) -> list[str]:
    """Return a line for each worker that used a revoked key after it had refused a token of it."""
    lines = []
    for kid in record.revocations:
        for worker in sorted(record.workers(kid, accepted=False)):
            calls = [call for call in record.calls if (call.kid, call.worker) == (kid, worker)]
            refused_at = min(call.received_at for call in calls if not call.is_accepted)
            if any(call.is_accepted and call.sent_at > refused_at for call in calls):
                lines.append(f"worker {worker} accepted a token of {kid} again")
            issued = [each for each in record.issued if (each.kid, each.worker) == (kid, worker)]
            if any(token.sent_at > refused_at for token in issued):
                lines.append(f"worker {worker} signed with {kid} again")
    return lines


def effects(record: Record) -> dict[str, dict[str, float]]:
    """Return how many seconds after a revocation each worker last used the key, by its kid."""
    return {
        kid: {
            worker: max(
                (
                    call.sent_at - revocation.ended_at
                    for call in record.calls
                    if call.worker == worker and call.kid == kid and call.is_accepted
                ),
                default=float("-inf"),
            )
            for worker in record.workers(kid, accepted=False)
        }
        for kid, revocation in record.revocations.items()
    }
