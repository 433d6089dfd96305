"""Points of edwards25519 (RFC 8032 §5.1), as far as it takes to judge a public key."""

from __future__ import annotations

_PRIME = 2**255 - 19
_D = -121665 * pow(121666, -1, _PRIME) % _PRIME


def is_strong(encoded: bytes) -> bool:
    """Say whether 32 octets are a point of the curve, in its one encoding, and not of small order.

    Under a point of small order, a signature that takes no private key verifies. Neither OpenSSL
    nor most verifiers look for one.
    """
    # The highest bit is the sign of x, by which the order does not change.
    y = int.from_bytes(encoded, "little") % 2**255
    return y < _PRIME and _is_on_curve(y) and not _is_small(y)


def _x_squared(y: int) -> int:
    return (y * y - 1) * pow(_D * y * y + 1, -1, _PRIME) % _PRIME


def _is_on_curve(y: int) -> bool:
    # Euler's criterion: x has to exist.
    return pow(_x_squared(y), (_PRIME - 1) // 2, _PRIME) in (0, 1)


def _is_small(y: int) -> bool:
    # The cofactor is 8: whatever is neutral after three doublings is of small order.
    for _ in range(3):
        squares, product = y * y + _x_squared(y), _D * y * y * _x_squared(y)
        y = squares * pow(1 - product, -1, _PRIME) % _PRIME
    return y == 1
