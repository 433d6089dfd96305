"""JWKs whose numbers and coordinates are not in the one spelling that thumbprints need."""

from __future__ import annotations

import base64
import string

import pytest

from mcp_oauth_discovery.keys import files, jwk
from tests.jwk.reading import octets
from tests.keys import EC, ED, RSA, VECTORS, as_file

LETTERS = f"{string.ascii_uppercase}{string.ascii_lowercase}{string.digits}-_"
MEMBERS = [(RSA, "n"), (EC, "x"), (EC, "y"), (ED, "x")]
SPELLINGS = {
    "padding": lambda text: text + "=" * (-len(text) % 4),
    "line-break": lambda text: f"{text[:7]}\n{text[7:]}",
    "other-alphabet": lambda text: f"+/{text[2:]}",
    # The last bits of the last letter belong to no octet.
    "stray-bits": lambda text: text[:-1] + LETTERS[LETTERS.index(text[-1]) + 1],
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize(("name", "member"), MEMBERS)
@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_other_spelling_is_refused(name, member, spell, private):
    text = spell(VECTORS[name]["jwk"][member])
    file = as_file(VECTORS[name], private=private, **{member: text})
    with pytest.raises(files.UnsuitableKey, match="missing or malformed members"):
        files.read(file)


@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
@pytest.mark.parametrize("member", ["n", "e"])
def test_zero_octet_in_front_of_a_number_is_not_published(member, private):
    value = VECTORS[RSA]["jwk"][member]
    longer = base64.urlsafe_b64encode(b"\0" + octets(value)).rstrip(b"=").decode()
    file = as_file(VECTORS[RSA], private=private, **{member: longer})
    public = jwk.public_jwk(*files.read(file))
    assert (public[member], public["kid"]) == (value, VECTORS[RSA]["thumbprint"])
