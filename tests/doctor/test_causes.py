"""Which finding explains which, and in what order findings are read."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from mcp_oauth_discovery.doctor.causes import Block, blocks, explains, merged
from mcp_oauth_discovery.doctor.findings import Finding, Severity, finding, passed
from mcp_oauth_discovery.doctor.output.structured import as_json
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEPS
from tests.doctor.world import (
    ENDPOINT,
    HTML,
    JWKS,
    ORIGIN,
    PRM,
    SERVER,
    TOKEN,
    World,
    report_on,
)

ELSEWHERE = "https://as.example.net"
# Codes of four steps, of which two are errors that come in this order.
REFUSED, ISSUER, MISSING = "reach-refused", "as-issuer-mismatch", "as-not-found"


def found(code: str, *names: str, url: str = SERVER, at: str = "", **changes) -> Finding:
    """Return a finding of a code, which explains those of some codes and groups."""
    return finding(replace(ENTRIES[code], explains=names, **changes), url, at=at)


def outline(blocks: list[Block]) -> list[tuple[str, list[str]]]:
    """Return the codes in their order, each with those that it explains."""
    return [(block.first.code, [part.first.code for part in block.explained]) for block in blocks]


def test_consequences_are_beneath_their_cause():
    consequences = [found(REFUSED), found(MISSING)]
    assert outline(blocks([*consequences, found(ISSUER, REFUSED, MISSING)])) == [
        (ISSUER, [REFUSED, MISSING])
    ]


def test_group_explains_all_codes_of_a_step():
    refused = found(REFUSED, "authorization-server")
    assert outline(blocks([refused, found(MISSING), found("cache-long")])) == [
        (REFUSED, [MISSING]),
        ("cache-long", []),
    ]


def test_consequences_of_consequences_are_beneath_the_first_cause():
    chain = [found(REFUSED, MISSING), found(ISSUER, REFUSED), found(MISSING, "cache-long")]
    for order in permutations([*chain, found("cache-long")]):
        [(cause, codes)] = outline(blocks(order))
        assert (cause, sorted(codes)) == (ISSUER, sorted([REFUSED, MISSING, "cache-long"]))


def test_cause_at_an_origin_explains_only_what_is_there():
    cause = found(ISSUER, REFUSED, at=ELSEWHERE)
    here, there = found(REFUSED), found(REFUSED, url=f"{ELSEWHERE}/token")
    assert [block.findings for block in blocks([here, there, cause])] == [(cause,), (here,)]
    assert not explains(cause, found(REFUSED, url="no URL"))


def test_of_two_that_explain_each_other_the_first_is_the_cause():
    refused, missing = found(REFUSED, MISSING), found(MISSING, REFUSED)
    assert outline(blocks([refused, missing])) == [(REFUSED, [MISSING])]
    assert outline(blocks([missing, refused])) == [(MISSING, [REFUSED])]


@pytest.mark.parametrize("url", [SERVER, JWKS])
def test_no_finding_is_lost_in_a_circle(url):
    circle = [
        found(REFUSED, ISSUER),
        found(REFUSED, ISSUER, url=PRM),
        found(ISSUER, MISSING),
        found(MISSING, REFUSED, url=url),
    ]
    for order in permutations(circle):
        parts = [part for block in blocks(order) for part in block.everything()]
        reported = [finding for part in parts for finding in part.findings]
        assert sorted(map(repr, reported)) == sorted(map(repr, circle))


def test_no_finding_explains_its_own_code():
    one, other = found(REFUSED, "reach"), found(REFUSED, "reach", url=JWKS)
    assert [block.findings for block in blocks([one, other])] == [(one, other)]


def test_the_worst_of_several_causes_is_the_cause():
    warning, error = found("cache-long", REFUSED), found(ISSUER, REFUSED)
    assert outline(blocks([warning, error, found(REFUSED)])) == [
        (ISSUER, [REFUSED]),
        ("cache-long", []),
    ]


def test_of_causes_as_bad_the_first_is_the_cause():
    first, second = found(MISSING, REFUSED), found(ISSUER, REFUSED)
    assert outline(blocks([found(REFUSED), first, second])) == [(MISSING, [REFUSED]), (ISSUER, [])]


def test_information_explains_information_alone():
    note = found("cache-long", REFUSED, "cors-document", severity=Severity.INFO)
    other = found("cors-document", severity=Severity.INFO)
    assert outline(blocks([note, other, found(REFUSED)])) == [
        (REFUSED, []),
        ("cache-long", ["cors-document"]),
    ]


def test_what_is_critical_is_not_hidden_beneath_an_error():
    private = found("jwks-private", url=JWKS)
    assert outline(blocks([found(REFUSED, "jwks"), private])) == [
        ("jwks-private", []),
        (REFUSED, []),
    ]
    host = found("host-reflected", "jwks", severity=Severity.CRITICAL)
    assert outline(blocks([private, host])) == [("host-reflected", ["jwks-private"])]


def test_warning_that_explains_an_error_comes_before_other_errors():
    findings = [found(MISSING), found("cache-long", REFUSED), found(REFUSED)]
    assert outline(blocks(findings)) == [("cache-long", [REFUSED]), (MISSING, [])]


def test_error_of_every_client_comes_before_a_cause_that_only_web_pages_notice():
    findings = [found("cors-document", "cors"), found("cors-document-preflight"), found(MISSING)]
    assert [block.first.code for block in blocks(findings)] == [MISSING, "cors-document"]


def firewalled(url: str) -> list[tuple[str, list[str]]]:
    """Return the outline for a site whose firewall replaces one answer, with two other faults."""
    world = World()
    world.challenge = "Bearer"
    del world.document["Access-Control-Allow-Origin"]
    world.reply("GET", url, status=403, body=HTML, cf_mitigated="challenge")
    return outline(report_on(world).blocks)


def test_firewall_before_the_token_endpoint_explains_no_document_and_no_challenge():
    codes = [code for code, _ in firewalled(TOKEN)]
    assert sorted(codes) == ["answer-firewall", "challenge-no-metadata", "cors-document"]
    assert codes[0] == "answer-firewall"


def test_firewall_before_a_document_explains_no_challenge():
    assert "challenge-no-metadata" in [code for code, _ in firewalled(SERVER)]


def test_the_worst_comes_first_and_information_last():
    note = found("cors-document", severity=Severity.INFO)
    findings = [note, found("cache-long"), found(MISSING), found("jwks-private")]
    assert [block.first.code for block in blocks(findings)] == [
        "jwks-private",
        MISSING,
        "cache-long",
        "cors-document",
    ]


def test_same_code_and_fix_are_one_block():
    one, other = found("cors-document", url=SERVER), found("cors-document", url=PRM)
    another = found("cors-document", url=JWKS, fix="Another one.")
    assert blocks([one, another, other]) == [Block((one, other)), Block((another,))]


def test_equal_findings_count_once():
    cause, refused = found(ISSUER, REFUSED), found(REFUSED)
    assert blocks([refused, cause, refused, cause]) == [Block((cause,), (Block((refused,)),))]


def test_passes_are_in_no_block():
    assert blocks([passed(step, ENDPOINT) for step in STEPS]) == []


def test_consequences_at_several_endpoints_are_beneath_one_cause():
    cause = found(ISSUER, REFUSED)
    others = [found(REFUSED, url=f"{ORIGIN}/{name}") for name in "ab"]
    groups = [blocks([cause, other]) for other in others]
    assert merged(groups) == [Block((cause,), (Block(tuple(others)),))]


def test_cause_at_one_endpoint_explains_nothing_at_another():
    groups = [blocks([found(ISSUER, REFUSED)]), blocks([found(REFUSED, url=JWKS)])]
    assert outline(merged(groups)) == [(ISSUER, []), (REFUSED, [])]


def test_thousands_of_findings_are_compared_with_few_causes(monkeypatch):
    calls = []

    def counted(cause: Finding, other: Finding) -> bool:
        calls.append(cause)
        return explains(cause, other)

    monkeypatch.setattr("mcp_oauth_discovery.doctor.causes.explains", counted)
    causes = [found(ISSUER, REFUSED, url=f"{ORIGIN}/{place}") for place in range(2000)]
    refused = [found(REFUSED, MISSING, url=f"{ORIGIN}/{place}") for place in range(2000)]
    [block] = blocks([*refused, *causes])
    assert (len(block.findings), len(block.explained[0].findings)) == (2000, 2000)
    assert len(calls) <= 2 * 4000


def test_json_names_the_cause_of_each_consequence():
    report = report_on(World())
    findings = (*report.findings, found(REFUSED), found(ISSUER, REFUSED))
    document = as_json(Report((EndpointReport(ENDPOINT, findings),)), ok=False)
    causes = {one["code"]: one.get("explained_by") for one in document["reports"][0]["findings"]}
    assert causes[REFUSED] == ISSUER
    assert causes[ISSUER] == ""
    assert causes["reach-ok"] is None
