"""Each planted fault is found, and nothing else is; each code has a fault that it is found for."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.causes import blocks
from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.steps import ENTRIES
from tests.doctor import (  # noqa: F401 - they fill the table
    faults_addresses,
    faults_answers,
    faults_around,
    faults_card_answers,
    faults_cards,
    faults_catalog,
    faults_causes,
    faults_consequences,
    faults_did_you_mean,
    faults_documents,
    faults_endpoint,
    faults_hosts,
    faults_key_forms,
    faults_keys,
    faults_load,
    faults_metadata,
    faults_pages,
    faults_server,
    faults_signed,
    faults_tokens,
)
from tests.doctor.planting import FAULTS, Fault
from tests.doctor.world import World, diagnose

# Faults that have consequences with codes of their own.
CONSEQUENTIAL = [fault for fault in FAULTS if len(fault.codes) > 1]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_planted_fault_is_found_and_nothing_else(fault: Fault):
    world = World()
    fault.plant(world)
    findings = diagnose(world, fault.url, in_process=fault.in_process)
    findings = [finding for finding in findings if finding.severity is not Severity.PASS]
    assert sorted({finding.code for finding in findings}) == list(fault.codes)
    texts = [f"{finding.seen}\n{finding.fix}" for finding in findings]
    assert [part for part in fault.shows if not any(part in text for text in texts)] == []


@pytest.mark.parametrize("fault", CONSEQUENTIAL, ids=[fault.name for fault in CONSEQUENTIAL])
def test_cause_is_read_first(fault: Fault):
    world = World()
    fault.plant(world)
    first, *_ = blocks(diagnose(world, fault.url, in_process=fault.in_process))
    assert first.first.code == fault.cause


def test_every_code_is_found_somewhere():
    # That of a fault of the doctor itself is in test_mishaps.py.
    assert {code for fault in FAULTS for code in fault.codes} == set(ENTRIES) - {"check-failed"}


def test_every_fault_has_a_name_of_its_own():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
