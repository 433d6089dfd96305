"""Sites whose tokens an outside provider issues: every finding is true, and there are no others."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.findings import Severity
from tests.doctor.provider_forms_more import PROVIDERS
from tests.doctor.providers import SiteOf
from tests.doctor.world import diagnose


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_only_what_is_true_of_a_provider_is_found(provider):
    findings = [
        finding for finding in diagnose(SiteOf(provider)) if finding.severity is not Severity.PASS
    ]
    codes = sorted(finding.code for finding in findings)
    assert codes == sorted(provider.codes), [
        (f.code, f.severity.value, f.subject, f.seen, f.fix) for f in findings
    ]
