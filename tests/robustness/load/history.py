"""The history of the keys, which PostgreSQL itself writes at each commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import psycopg

# A deferred trigger runs at the end of a transaction, so a row is a state that others could see.
_RECORD = """
CREATE TABLE load_history (number serial, at double precision, keys jsonb);
CREATE FUNCTION load_record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO load_history (at, keys)
    SELECT extract(epoch FROM clock_timestamp()),
           coalesce(jsonb_object_agg(kid, jsonb_build_array(
             extract(epoch FROM expires_at), coalesce(public_jwk->>'n', public_jwk->>'x')
           )) FILTER (WHERE revoked_at IS NULL), '{}')
      FROM mcp_oauth_discovery_signingkey;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER load_history
  AFTER INSERT OR UPDATE OR DELETE ON mcp_oauth_discovery_signingkey
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION load_record();
-- The state before the run is the first row.
UPDATE mcp_oauth_discovery_signingkey SET kid = kid;
"""

# The kid and the public value of each key in a JWK Set.
Published = frozenset[tuple[str, str]]


class State(NamedTuple):
    """What was committed at an instant: by kid, when a key leaves the JWK Set, and its value."""

    at: float
    keys: Mapping[str, tuple[float | None, str]]

    def published(self, now: float) -> Published:
        return frozenset(
            (kid, value) for kid, (end, value) in self.keys.items() if end is None or end > now
        )


def begin(connection: psycopg.Connection[Any]) -> None:
    """Have the database record each change of the keys from now on."""
    connection.execute(_RECORD)
    connection.commit()


def read(connection: psycopg.Connection[Any]) -> list[State]:
    """Return the states of the run, the first one first."""
    rows = connection.execute("SELECT at, keys FROM load_history ORDER BY number").fetchall()
    return [State(at, {kid: tuple(key) for kid, key in keys.items()}) for at, keys in rows]


def published_set(document: Mapping[str, Any]) -> Published:
    """Return the keys of a JWK Set."""
    return frozenset((key["kid"], key.get("n") or key["x"]) for key in document["keys"])


def existed(
    published: Published, states: Iterable[State], sent_at: float, received_at: float
) -> bool:
    """Return whether a set is that of one commit, as the clock filters it during the request.

    A copy of the keys may be a few seconds old, but the dates of its keys hold at each instant.
    """
    for state in states:
        if state.at > received_at:
            continue
        ends = [end for end, _ in state.keys.values() if end and sent_at < end <= received_at]
        if any(published == state.published(now) for now in (sent_at, received_at, *ends)):
            return True
    return False
