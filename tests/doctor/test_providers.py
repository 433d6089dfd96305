"""Sites whose tokens an outside provider issues: every finding is true, and there are no others."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.findings import Severity
from tests.doctor import provider_forms, provider_forms_more
from tests.doctor.providers import Provider, SiteOf
from tests.doctor.world import diagnose

PROVIDERS: tuple[Provider, ...] = (
    provider_forms.entra(),
    provider_forms.okta(),
    provider_forms.auth0(),
    provider_forms.cognito(),
    provider_forms.keycloak(),
    provider_forms_more.google(),
    provider_forms_more.ory(),
    provider_forms_more.workos(),
    provider_forms_more.clerk(),
    provider_forms_more.supabase(),
    provider_forms_more.descope(),
    provider_forms_more.stytch(),
    provider_forms_more.fusionauth(),
)
BY_NAME = {provider.name: provider for provider in PROVIDERS}


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_only_what_is_true_of_a_provider_is_found(provider):
    findings = [
        finding for finding in diagnose(SiteOf(provider)) if finding.severity is not Severity.PASS
    ]
    codes = sorted(finding.code for finding in findings)
    assert codes == sorted(provider.codes), [
        (f.code, f.severity.value, f.subject, f.seen, f.fix) for f in findings
    ]
