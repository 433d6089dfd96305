"""Weaknesses of RSA moduli that a short calculation finds."""

from __future__ import annotations

import math
from functools import cache

# Every prime below this limit is tried as a factor.
_SMALL = 2**17
# Steps of Fermat's method for two primes of one size; other ratios get fewer steps.
_STEPS = 1024
_RATIOS = 64
# CVE-2017-15361: modulo each of these primes, both factors of such a key are powers of 65537.
_ROCA_PRIMES = 702


def weakness(modulus: int) -> str | None:
    """Return why a modulus can be factored, as the end of a sentence; None if no flaw is found.

    The time grows with the third power of the size: check the size first.
    """
    if any(modulus % prime == 0 for prime in _primes()):
        return "has a small factor"
    # Fermat's little theorem: it holds for a prime, and modulo p for each power of p.
    if math.gcd(pow(2, modulus, modulus) - 2, modulus) > 1:
        return "is a prime or a power of a prime"
    if any(_splits(modulus, multiple) for multiple in range(1, _RATIOS)):
        return "is the product of two primes that are close together or in a simple ratio"
    if all(modulus % prime in powers for prime, powers in _roca().items()):
        return "has the form of CVE-2017-15361 (ROCA)"
    return None


def _splits(modulus: int, multiple: int) -> bool:
    """Say whether a few steps of Fermat's method factor a modulus.

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
def _primes() -> tuple[int, ...]:
    is_prime = bytearray([1]) * _SMALL
    for number in range(2, math.isqrt(_SMALL) + 1):
        if is_prime[number]:
            is_prime[number**2 :: number] = bytes(len(range(number**2, _SMALL, number)))
    return tuple(number for number in range(2, _SMALL) if is_prime[number])


@cache
def _roca() -> dict[int, frozenset[int]]:
    return {
        prime: frozenset(pow(65537, exponent, prime) for exponent in range(prime))
        for prime in _primes()
        if 2 < prime < _ROCA_PRIMES
    }
