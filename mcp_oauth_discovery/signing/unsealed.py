"""Private keys that were decrypted to sign with, kept in memory for a few seconds."""

from __future__ import annotations

import threading
from hashlib import blake2b

from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.algorithms import Key
from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY, changes, reset_after_fork
from mcp_oauth_discovery.models import SigningKey

# How many keys stay in memory at a time. A process with more tenants decrypts some of them again.
MOST_KEPT = 16


class UnsealedKeys:
    """Decrypted private keys, all of them dropped `seconds` after the first one was kept.

    No `repr` shows a key, and nothing here can be pickled.
    """

    def __init__(self, seconds: float = READ_AT_MOST_EVERY.total_seconds()) -> None:
        self._seconds = seconds
        self.reset()

    def reset(self) -> None:
        """Forget all keys, and the lock and the thread that a fork does not copy."""
        self._lock = threading.Lock()
        self._keys: dict[bytes, Key] = {}
        self._changes = 0
        self._timer: threading.Timer | None = None

    def get(self, row: SigningKey) -> Key:
        """Return the private key of a row that was just read; raises `Unusable`."""
        count, name = changes(), _fingerprint(row)
        key = self._keys.get(name) if count == self._changes else None
        if key is None:
            key = row.unseal_to_sign()
            self._keep(name, key, count)
        return key

    def drop(self) -> None:
        """Drop all keys."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        self._keys.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _keep(self, name: bytes, key: Key, count: int) -> None:
        with self._lock:
            if self._changes != count:
                self._drop()
                self._changes = count
            is_timed = self._timer is not None or self._start_timer()
            if is_timed and len(self._keys) < MOST_KEPT:
                self._keys[name] = key

    def _start_timer(self) -> bool:
        timer = threading.Timer(self._seconds, self.drop)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:
            # No thread can be started, so no key is kept.
            return False
        self._timer = timer
        return True


def _fingerprint(row: SigningKey) -> bytes:
    """Return a value that changes with everything that decides how a private key decrypts."""
    # Do not bind the ciphertext to a variable: error pages show local variables.
    return blake2b(
        repr((row.kid, row.algorithm, row.generation, row.public_jwk, row.private_key)).encode(),
        key=policy.encryption_fingerprint(),
    ).digest()


unsealed_keys = UnsealedKeys()

# The thread that drops the keys does not exist in a forked child.
reset_after_fork(unsealed_keys.reset)
