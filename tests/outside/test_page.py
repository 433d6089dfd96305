"""`docs/verifiers.md`: its code runs, and its numbers are those of the code."""

from __future__ import annotations

import inspect
import json
import re

import pytest

from mcp_oauth_discovery.protection import verify_token
from mcp_oauth_discovery.signing import InvalidToken, NotMine, Unavailable
from mcp_oauth_discovery.verifiers import ApiKey, Introspection, RemoteIssuer, cached_keys
from mcp_oauth_discovery.verifiers.issuer_documents import KEYS_KEPT, METADATA_KEPT
from tests.markdown import blocks, read, section
from tests.outside.providers import MCP

PAGE = read("docs/verifiers.md")


def run(heading, number=0):
    """Return the names that a block of code defines."""
    names = {}
    exec(blocks(section(PAGE, heading), "python")[number], names)  # noqa: S102
    return names


@pytest.mark.parametrize(
    ("heading", "verifier"), [("RemoteIssuer", RemoteIssuer), ("Introspection", Introspection)]
)
def test_arguments_are_those_of_the_verifier(heading, verifier):
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", section(PAGE, heading), re.M)
    documented = re.findall(r"\w+", " ".join(rows))
    assert documented == list(inspect.signature(verifier).parameters)
    assert isinstance(run(heading)["verify"], verifier)


def test_first_verifier_that_recognises_a_token_decides(rf):
    verify = run("Several verifiers")["protection"].verify
    assert [type(each) for each in verify] == [RemoteIssuer, ApiKey, type(verify_token)]
    request = rf.post("/mcp")
    with pytest.raises(NotMine):
        verify[0](request, "sk_live_51H8", MCP)
    assert verify[1](request, "sk_live_51H8", MCP) == {"sub": "billing", "scope": "mcp"}
    with pytest.raises(NotMine):
        verify[1](request, "a.b.c", MCP)


def test_api_keys_are_stored_as_hashes(rf):
    names = run("ApiKey")
    assert names["verify"](rf.post("/mcp"), "sk_live_51H8", MCP)["sub"] == "billing"
    with pytest.raises(InvalidToken):
        names["verify"](rf.post("/mcp"), "sk_live_51H9", MCP)
    assert "sk_live_51H8" not in names["OWNERS"]


def test_own_verifier_raises_what_the_table_says(rf):
    names, request = run("Your own verifier"), rf.post("/mcp")
    verify = names["verify"]
    names["SESSIONS"]["session-1"] = json.dumps({"user": "7"})
    assert verify(request, "session-1", MCP) == {"sub": "7", "scope": "mcp"}
    with pytest.raises(NotMine):
        verify(request, "other", MCP)
    with pytest.raises(InvalidToken, match="The session has ended") as caught:
        verify(request, "session-2", MCP)
    assert caught.value.reason == "expired"

    class Down:
        def get(self, *args):
            raise OSError

    names["verify"].__globals__["SESSIONS"] = Down()
    with pytest.raises(Unavailable) as caught:
        verify(request, "session-1", MCP)
    assert caught.value.retry_after == 10


def test_verifier_may_add_a_scope(rf):
    names = run("Your own verifier", 1)
    names["issuer"] = lambda *args: {"scope": "mcp", "groups": ["admin"]}
    assert names["verify"](rf.post("/mcp"), "token", MCP)["scope"] == "mcp admin"
    names["issuer"] = lambda *args: {"scope": "mcp"}
    assert names["verify"](rf.post("/mcp"), "token", MCP)["scope"] == "mcp"


def test_numbers_are_those_of_the_code():
    assert (KEYS_KEPT, METADATA_KEPT) == ((60, 300, 3600), (300, 3600, 86400))
    assert cached_keys.UNKNOWN_KEY_EVERY == 10
    assert cached_keys.SHORT_WAIT == 0.5
    assert (cached_keys.FIRST_PAUSE, cached_keys.LONGEST_PAUSE) == (1, 60)
    assert cached_keys.STALE_FOR == 24 * 60 * 60
