"""The codes that explain others: they exist, and no code explains itself in the end."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.examination import unknown
from mcp_oauth_discovery.doctor.findings import Entry
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEPS
from mcp_oauth_discovery.doctor.steps.wrong_issuers import OF_THE_ISSUER

CAUSES = [entry for entry in ENTRIES.values() if entry.explains]
GROUPS = {step.name: {entry.code for entry in step.entries} for step in STEPS}


def consequences(entry: Entry) -> set[str]:
    """Return the codes that an entry explains by itself."""
    # This one explains more, if a wrong issuer is the cause of both.
    more = OF_THE_ISSUER if entry.code == "prm-resource-mismatch" else ()
    codes = {code for name in (*entry.explains, *more) for code in GROUPS.get(name, {name})}
    return codes - {entry.code}


def all_consequences(code: str) -> set[str]:
    """Return the codes that a code explains, and that these explain."""
    reached: set[str] = set()
    waiting = [code]
    while waiting:
        new = consequences(ENTRIES[waiting.pop()]) - reached
        reached |= new
        waiting += new
    return reached


@pytest.mark.parametrize("entry", CAUSES, ids=[entry.code for entry in CAUSES])
def test_explained_codes_exist(entry):
    assert unknown(entry.explains) == []


@pytest.mark.parametrize("entry", CAUSES, ids=[entry.code for entry in CAUSES])
def test_no_code_is_its_own_cause(entry):
    """In a circle of causes each would stand beneath another one, and none in the report."""
    assert entry.code not in all_consequences(entry.code)
