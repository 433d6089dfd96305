"""Arguments that make no sense stop the import of the module that has them."""

from __future__ import annotations

import re

import pytest

from mcp_oauth_discovery.protection import BearerProtection


@pytest.mark.parametrize("user", [3, "accounts.find_user", True])
def test_user_that_is_no_function_is_refused(user):
    expected = f"user is {user!r}; expected a function such as find_user."
    with pytest.raises(TypeError, match=f"^{re.escape(expected)}$"):
        BearerProtection(user=user)
