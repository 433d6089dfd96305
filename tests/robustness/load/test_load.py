"""What the load run checks, on records that break it, and a short run.

The long run compares the clock: a revoked key must be out of use after 5 seconds. This short run
compares the order of events, because another test may delay a server here for longer than that.
Each worker must refuse the key some time after the revocation, and must not accept it again.
"""

from __future__ import annotations

import pytest

from tests.robustness.load.command import hold
from tests.robustness.load.history import State, existed, published_set
from tests.robustness.load.record import (
    Issued,
    Record,
    Revocation,
    Served,
    Verified,
    late_uses,
    mixed_sets,
    used_again,
)
from tests.robustness.traffic import Answer

# Key a leaves at 20, and b follows at 10.
STATES = [State(0, {"a": (20.0, "A")}), State(10, {"a": (20.0, "A"), "b": (None, "B")})]
A, B = ("a", "A"), ("b", "B")


@pytest.mark.parametrize(
    ("keys", "sent_at", "is_right"),
    [
        ({A}, 5, True),
        ({A}, 12, True),
        ({A, B}, 12, True),
        ({B}, 25, True),
        # From the copy of before 10, of which nothing is left.
        (set(), 25, True),
        ({A, B}, 5, False),
        ({A, B}, 25, False),
        ({B}, 12, False),
        ({("a", "B")}, 5, False),
    ],
)
def test_set_is_that_of_one_commit_and_one_instant(keys, sent_at, is_right):
    assert existed(frozenset(keys), STATES, sent_at, sent_at + 0.1) == is_right


def test_set_may_change_during_the_request():
    assert existed(frozenset({B}), STATES, 19.9, 20.1)


def test_mixed_set_is_reported():
    record = Record(sets=[Served(frozenset({B}), "1", 12.0, 12.1)])
    [line] = mixed_sets(record, STATES)
    assert line == "12.000: worker 1 served ['b']"


def test_keys_of_each_kind_have_a_value():
    document = {"keys": [{"kid": "a", "n": "A", "e": "AQAB"}, {"kid": "b", "x": "B"}]}
    assert published_set(document) == {A, B}


REVOCATIONS = {"a": Revocation("a", 99.0, 100.0)}


def called(at, *, is_accepted=True, worker="1"):
    return Verified("a", worker, at, at + 0.1, is_accepted)


def test_token_of_a_revoked_key_is_accepted_for_five_seconds():
    record = Record(revocations=REVOCATIONS, calls=[called(104.9), called(105.1)])
    [line] = late_uses(record, 5)
    assert line == "worker 1 accepted a token of a after 5.10 s"


def test_revoked_key_is_served_for_five_seconds():
    sets = [Served(frozenset({A}), "1", at, at) for at in (104.9, 105.1)]
    [line] = late_uses(Record(revocations=REVOCATIONS, sets=sets), 5)
    assert line == "worker 1 served a after 5.10 s"


def test_revoked_key_signs_for_five_seconds():
    issued = [Issued("a", "1", at) for at in (104.9, 105.1)]
    [line] = late_uses(Record(revocations=REVOCATIONS, issued=issued), 5)
    assert line == "worker 1 signed with a after 5.10 s"


def test_worker_that_has_refused_a_key_must_not_sign_with_it_again():
    calls = [called(101.0), called(102.0, is_accepted=False)]
    issued = [Issued("a", worker, at) for worker, at in (("1", 101.5), ("2", 103.0))]
    record = Record(revocations=REVOCATIONS, calls=calls, issued=issued)
    assert used_again(record) == []
    record.issued.append(Issued("a", "1", 103.0))
    assert used_again(record) == ["worker 1 signed with a again"]


def test_worker_that_has_refused_a_key_must_not_accept_it_again():
    calls = [called(101.0), called(102.0, is_accepted=False), called(103.0)]
    record = Record(revocations=REVOCATIONS, calls=calls)
    assert used_again(record) == ["worker 1 accepted a token of a again"]


def test_workers_refuse_a_revoked_key_each_in_its_time():
    calls = [called(101.0, is_accepted=False), called(103.0, worker="2")]
    assert used_again(Record(revocations=REVOCATIONS, calls=calls)) == []


def answer(status=200, body=b"{}", etag='"1"'):
    return Answer(status, f"HTTP/1.1 {status} \r\nETag: {etag}".encode(), body, 0.0, 0.1)


def test_two_bodies_with_one_etag_are_reported():
    record = Record()
    record.add_document("/x", answer())
    record.add_document("/x", answer(body=b"[]"))
    assert record.violations == ['/x: two bodies have the ETag "1"']


def test_304_with_an_etag_of_no_document_is_reported():
    record = Record()
    record.add_document("/x", answer())
    record.add_document("/x", answer(304, b""))
    assert record.violations == []
    record.add_document("/x", answer(304, b"", '"2"'))
    assert record.violations == ['/x: 304 with the ETag "2" of no document']


def test_unexpected_status_is_reported():
    record = Record()
    assert record.add("/x", answer(), 200)
    assert not record.add("/x", answer(503), 200)
    assert len(record.violations) == 1


@pytest.mark.clients
def test_example_holds_while_a_key_is_rotated_and_one_is_revoked():
    outcome = hold(0)
    assert outcome.record.violations == []
    assert used_again(outcome.record) == []
    assert outcome.rotations == len(outcome.record.revocations) == 1
