"""Does the challenge have a URL of the metadata that clients can and may use?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import TYPESCRIPT_BASED, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, correcting, finding
from mcp_oauth_discovery.doctor.language import gettext, said
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.values import invalid, stated
from mcp_oauth_discovery.doctor.walk.acceptance import differing_parts
from mcp_oauth_discovery.doctor.walk.challenges import is_readable, named_metadata
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.standards.identifiers import check_secure_url, origin

CHALLENGE_NO_METADATA = Entry(
    code="challenge-no-metadata",
    severity=Severity.WARNING,
    seen=_("The challenge has no resource_metadata."),
    expected=_("resource_metadata with the URL of the metadata"),
    section="RFC 9728 §5.1, MCP authorization (2025-06-18), metadata location",
    clients=(Client.CLAUDE,),
    fix=_("Add resource_metadata to the challenge: without it, clients have to guess the URL."),
    django_fix=_("Answer 401 with mcp_oauth_discovery.challenge.unauthorized(request)."),
)
CHALLENGE_METADATA_INVALID = Entry(
    code="challenge-metadata-invalid",
    severity=Severity.ERROR,
    seen=_("resource_metadata is not an absolute URL."),
    expected=_("an absolute https URL without fragment"),
    section="RFC 9728 §5.1",
    clients=(Client.PYTHON,),
    fix=_("Write resource_metadata as an absolute URL: https, the host and the path."),
    django_fix=_("Answer 401 with mcp_oauth_discovery.challenge.unauthorized(request)."),
)
CHALLENGE_METADATA_HTTP = Entry(
    code="challenge-metadata-http",
    severity=Severity.ERROR,
    seen=_("resource_metadata is http although the endpoint is https."),
    expected=_("an https URL"),
    section="RFC 9728 §5.1, §7.1",
    clients=TYPESCRIPT_BASED,
    fix=_("Tell the application that the proxy ends TLS, or configure its public URL."),
    django_fix=_("Set SECURE_PROXY_SSL_HEADER, or pin MCP_ISSUER and MCP_RESOURCE to https URLs."),
    explains=("as-issuer-mismatch", "as-endpoint-http"),
)
CHALLENGE_METADATA_OFFSITE = Entry(
    code="challenge-metadata-offsite",
    severity=Severity.WARNING,
    seen=_("resource_metadata is on another origin."),
    expected=_("a URL on the origin of the endpoint"),
    section="RFC 9728 §7.7",
    clients=(Client.RUST,),
    fix=_("In resource_metadata, write the URL of the metadata on the host that clients use."),
    django_fix=_("Pin MCP_RESOURCE to the URL that clients use."),
)


def metadata(walk: Walk) -> Iterator[Finding]:
    """Report a URL of the metadata that is missing, or that clients cannot or may not use."""
    url = named_metadata(walk)
    if url is None:
        if any(map(is_readable, walk.challenges)):
            challenges = ", ".join(str(challenge) for challenge in walk.challenges)
            observation = f"WWW-Authenticate: {shown(challenges)}"
            yield finding(CHALLENGE_NO_METADATA, walk.url, observation)
        return
    observation = stated("resource_metadata", url)
    parts = [part for part in differing_parts(url, walk.url) if part in ("scheme", "host", "port")]
    correction = correcting(parts, "resource_metadata")
    if not origin(url):
        yield finding(CHALLENGE_METADATA_INVALID, walk.url, observation)
    elif url.lower().startswith("http:") and walk.url.lower().startswith("https:"):
        yield finding(CHALLENGE_METADATA_HTTP, walk.url, observation, correction=correction)
    elif origin(url) != origin(walk.url):
        text = gettext("resource_metadata is %(url)s; not contacted.") % {"url": shown(url)}
        yield finding(CHALLENGE_METADATA_OFFSITE, walk.url, text, correction=correction)
    elif origin(url).startswith("https:"):
        try:
            check_secure_url(url)
        except ValueError as error:
            text = invalid("resource_metadata", url, said(error))
            yield finding(CHALLENGE_METADATA_INVALID, walk.url, text)


ENTRIES = (
    CHALLENGE_NO_METADATA,
    CHALLENGE_METADATA_INVALID,
    CHALLENGE_METADATA_HTTP,
    CHALLENGE_METADATA_OFFSITE,
)
RULES = (metadata,)
