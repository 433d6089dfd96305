"""A JWK that is to be public, and has a part of its private half in it."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.keys import files
from tests.keys import EC, ED, PRIVATE_MEMBERS, RSA, VECTORS, as_file

SOME = VECTORS[ED]["jwk"]["d"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, SOME) for name in sorted(PRIVATE_MEMBERS - {"d"})],
        *[("p", value) for value in (None, "", [])],
    ],
)
def test_public_jwk_with_a_private_member_is_refused(name, value):
    with pytest.raises(files.UnsuitableKey) as caught:
        files.read(as_file(VECTORS[ED], private=False, **{name: value}))
    assert str(caught.value) == (
        f"The JWK has private members ({name}), and no private key. "
        "Give its public key without them."
    )


@pytest.mark.parametrize(("name", "value"), [(RSA, None), (EC, None), (ED, None), (ED, "")])
def test_public_jwk_with_an_empty_private_half_is_refused(name, value):
    with pytest.raises(files.UnsuitableKey, match=r"private members|malformed"):
        files.read(as_file(VECTORS[name], private=False, d=value))


def test_private_members_are_named_and_not_shown():
    file = as_file(VECTORS[RSA], private=False, p=SOME, qi=SOME)
    with pytest.raises(files.UnsuitableKey, match=r"\(p, qi\)") as caught:
        files.read(file)
    assert SOME not in str(caught.value)
