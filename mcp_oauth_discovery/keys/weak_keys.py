"""Public keys for which anyone can sign, as far as a short calculation finds them."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from mcp_oauth_discovery.standards.marking import gettext_noop

# Every prime below this limit is tried as a factor of a modulus.
_SMALL = 2**17
# Steps of Fermat's method for two primes of one size; other ratios get fewer steps.
_STEPS = 1024
_RATIOS = 64
# CVE-2017-15361: modulo each of these primes, both factors of such a key are powers of 65537.
_ROCA_PRIMES = 702

# The curve edwards25519 (RFC 8032 §5.1).
_PRIME = 2**255 - 19
_D = -121665 * pow(121666, -1, _PRIME) % _PRIME


def weakness(public: Any) -> str | None:
    """Return what is wrong with a public key of `cryptography`; None if no flaw is found.

    The sentence is in English; the doctor translates it. The time grows with the third power of the
    size of an RSA key: check the size first.
    """
    # The keys of other algorithms show no weakness.
    if isinstance(public, rsa.RSAPublicKey):
        return flaw_of_modulus(public.public_numbers().n)
    if isinstance(public, ed25519.Ed25519PublicKey) and not is_strong_point(
        public.public_bytes_raw()
    ):
        return gettext_noop(
            "The point of this Ed25519 key is of small order or malformed: anyone can sign."
        )
    return None


def flaw_of_modulus(modulus: int) -> str | None:
    """Return a sentence that says why a modulus can be factored; None if no flaw is found."""
    if any(modulus % prime == 0 for prime in _small_primes()):
        return gettext_noop("The modulus of this RSA key has a small factor: anyone can sign.")
    # Fermat's little theorem: it holds for a prime, and modulo p for each power of p.
    if math.gcd(pow(2, modulus, modulus) - 2, modulus) > 1:
        return gettext_noop(
            "The modulus of this RSA key is a prime or a power of a prime: anyone can sign."
        )
    if any(_splits(modulus, multiple) for multiple in range(1, _RATIOS)):
        return gettext_noop(
            "The modulus of this RSA key is the product of two primes that are close together or "
            "in a simple ratio: anyone can sign."
        )
    if all(
        modulus % prime in {pow(65537, exponent, prime) for exponent in range(prime)}
        for prime in _small_primes()
        if 2 < prime < _ROCA_PRIMES
    ):
        return gettext_noop(
            "The modulus of this RSA key has the form of CVE-2017-15361 (ROCA): anyone can sign."
        )
    return None


def _splits(modulus: int, multiple: int) -> bool:
    """Return whether a few steps of Fermat's method factor a modulus.

    A multiple `u * v` finds primes `p` and `q` where `u * p` is close to `v * q` (R. S. Lehman).
    """
    target = 4 * multiple * modulus
    root = math.isqrt(target - 1) + 1
    rest = root * root - target
    for _ in range(_STEPS // multiple + 1):
        if math.isqrt(rest) ** 2 == rest:
            return True
        rest += 2 * root + 1
        root += 1
    return False


@cache
def _small_primes() -> tuple[int, ...]:
    is_prime = bytearray([1]) * _SMALL
    for number in range(2, math.isqrt(_SMALL) + 1):
        if is_prime[number]:
            is_prime[number**2 :: number] = bytes(len(range(number**2, _SMALL, number)))
    return tuple(number for number in range(2, _SMALL) if is_prime[number])


def is_strong_point(encoded: bytes) -> bool:
    """Return whether 32 octets are a canonically encoded point that is not of small order.

    Under a point of small order, a signature that takes no private key verifies. Neither OpenSSL
    nor most verifiers look for one.
    """
    # The highest bit is the sign of x, which does not change the order.
    y = int.from_bytes(encoded, "little") % 2**255
    # Euler's criterion: x must exist.
    if y >= _PRIME or pow(_x_squared(y), (_PRIME - 1) // 2, _PRIME) not in (0, 1):
        return False
    # The cofactor is 8, so a point of small order is the neutral one after three doublings.
    for _ in range(3):
        squares, product = y * y + _x_squared(y), _D * y * y * _x_squared(y)
        y = squares * pow(1 - product, -1, _PRIME) % _PRIME
    return y != 1


def _x_squared(y: int) -> int:
    return (y * y - 1) * pow(_D * y * y + 1, -1, _PRIME) % _PRIME
