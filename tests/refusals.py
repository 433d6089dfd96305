"""The error about a setting that cannot be right."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.conf import Misconfigured


def refused(function, *args):
    """Return the error that a function raises about a setting."""
    with pytest.raises(Misconfigured) as caught:
        function(*args)
    return caught.value
