"""Of what is found very often, a report has a few and the number of the others."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.examination import MOST_ALIKE, abridged
from mcp_oauth_discovery.doctor.findings import finding
from mcp_oauth_discovery.doctor.report import verdicts
from mcp_oauth_discovery.doctor.steps import ENTRIES
from tests.doctor.world import JWKS, World, diagnose


def several(number: int, subject: str = "https://a/keys", code: str = "jwks-weak"):
    return [finding(ENTRIES[code], subject, f"{one}.") for one in range(number)]


def test_few_findings_are_all_told():
    assert abridged(several(MOST_ALIKE)) == several(MOST_ALIKE)


def test_many_findings_end_in_the_number_of_the_others():
    kept = abridged(several(4000))
    assert kept[:MOST_ALIKE] == several(MOST_ALIKE)
    assert [one.seen for one in kept[MOST_ALIKE:]] == ["… and 3995 more."]
    assert (kept[-1].code, kept[-1].subject) == ("jwks-weak", "https://a/keys")


def test_number_stands_where_the_others_would():
    mixed = [*several(7), *several(1, code="jwks-empty")]
    assert [one.code for one in abridged(mixed)] == 6 * ["jwks-weak"] + ["jwks-empty"]


def test_other_codes_and_other_urls_are_counted_apart():
    mixed = [*several(4), *several(4, "https://b/keys"), *several(4, code="jwks-empty")]
    assert abridged(mixed) == mixed


def test_client_that_only_the_others_stop_is_stopped():
    last = finding(ENTRIES["jwks-weak"], "https://a/keys", clients=(Client.GO,))
    [go] = [one for one in verdicts(abridged([*several(9), last])) if one.client is Client.GO]
    assert go.stopped_by == ("jwks-weak",)


def test_report_has_no_more_of_them():
    world = World()
    world.keys["keys"] = [{"kty": "RSA", "n": "AA", "e": "AQAB", "kid": f"{n}"} for n in range(99)]
    found = [one for one in diagnose(world) if one.code == "jwks-weak"]
    assert len(found) == MOST_ALIKE + 1
    assert (found[-1].seen, found[-1].subject) == ("… and 94 more.", JWKS)
