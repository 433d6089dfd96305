"""What a target of the fuzzer is, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.robustness.fuzzing import challenges, doctor, keys, messages, tokens


class Target(NamedTuple):
    """A function that raises if a property is broken, and the octets that it starts from.

    `needs_site` if it needs a pinned issuer and a signing key in a database.
    """

    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    about: str
    needs_site: bool = False


TARGETS = {
    "challenges": Target(
        challenges.run, challenges.SEEDS, "the reader and writer of WWW-Authenticate"
    ),
    "keys": Target(keys.run, keys.SEEDS, "the files that mcp_keys import reads: PEM, DER and JWK"),
    "tokens": Target(
        tokens.run, tokens.SEEDS, "the Authorization header, and verify_jwt", needs_site=True
    ),
    "messages": Target(
        messages.run, messages.SEEDS, "the JSON-RPC messages in the body of a request"
    ),
    "answers": Target(doctor.read_answer, doctor.ANSWERS, "the HTTP answers that the doctor reads"),
    "documents": Target(
        doctor.read_document, doctor.DOCUMENTS, "the JSON documents that the doctor reads"
    ),
    "key-sets": Target(
        doctor.read_key_set, doctor.KEY_SETS, "the keys of a JWK Set that the doctor judges"
    ),
    "reports": Target(
        doctor.report, doctor.DOCUMENTS, "the report of the doctor on a site with such documents"
    ),
}
