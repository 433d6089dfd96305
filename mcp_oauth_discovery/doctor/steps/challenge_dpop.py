"""Do the challenge, the resource and the server announce the same about DPoP (RFC 9449)?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext, said
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.values import invalid, strings
from mcp_oauth_discovery.doctor.walk.challenges import is_dpop
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.standards.member_forms import check_proof_algorithm
from mcp_oauth_discovery.standards.metadata import has_value

_ALGORITHMS = "dpop_signing_alg_values_supported"
_REQUIRED = "dpop_bound_access_tokens_required"

CHALLENGE_DPOP_REQUIRED = Entry(
    code="challenge-dpop-required",
    severity=Severity.WARNING,
    seen=_("The metadata requires DPoP, and the challenge does not."),
    expected=_("a DPoP challenge and no Bearer challenge, or no such member"),
    section="RFC 9728 §2, RFC 9449 §7.1",
    fix=_(
        "Offer DPoP alone in the challenge, if the endpoint refuses Bearer tokens. Otherwise leave "
        "dpop_bound_access_tokens_required out of the metadata of the resource."
    ),
    django_fix=_(
        'Write dpop="require" where the endpoint is protected. Otherwise leave '
        "dpop_bound_access_tokens_required out of MCP_RESOURCE_METADATA and MCP_RESOURCES."
    ),
)
CHALLENGE_DPOP_UNSUPPORTED = Entry(
    code="challenge-dpop-unsupported",
    severity=Severity.WARNING,
    seen=_("The challenge offers DPoP, and no authorization server announces it."),
    expected=_("dpop_signing_alg_values_supported in the metadata of an authorization server"),
    section="RFC 9449 §5.1",
    fix=_(
        "Have the authorization server bind tokens to the key of the client, and add "
        "dpop_signing_alg_values_supported to its metadata. Otherwise do not offer DPoP."
    ),
    django_fix=_(
        "If this site issues the tokens, write "
        '"dpop_signing_alg_values_supported": ["ES256", "EdDSA", "RS256"] in '
        "MCP_AUTHORIZATION_SERVER_METADATA. Otherwise leave dpop out of the protection."
    ),
)
CHALLENGE_DPOP_DIFFERS = Entry(
    code="challenge-dpop-differs",
    severity=Severity.WARNING,
    seen=_("The challenge and the metadata name different algorithms for DPoP."),
    expected=_("the same algorithms in algs and in dpop_signing_alg_values_supported"),
    section="RFC 9449 §7.1, RFC 9728 §2",
    fix=_("Write the algorithms that the endpoint accepts in both places."),
    django_fix=_(
        "Leave dpop_signing_alg_values_supported out of MCP_RESOURCE_METADATA and MCP_RESOURCES: "
        "the app announces what the view accepts."
    ),
)
CHALLENGE_DPOP_ALGORITHM = Entry(
    code="challenge-dpop-algorithm",
    severity=Severity.ERROR,
    seen=_("The DPoP challenge names an algorithm that a proof must not have."),
    expected=_("asymmetric algorithms"),
    section="RFC 9449 §4.2",
    fix=_(
        "Accept only proofs with asymmetric algorithms, such as ES256, and write only these in "
        "algs."
    ),
)


def required(walk: Walk) -> Iterator[Finding]:
    """Report a challenge that offers Bearer, or no DPoP, where the metadata requires DPoP."""
    members = walk.resource.content if walk.resource else {}
    offers_dpop = any(map(is_dpop, walk.challenges))
    offers_bearer = any(challenge.is_bearer for challenge in walk.challenges)
    # Without either, the challenge has another fault.
    if members.get(_REQUIRED) is True and offers_bearer:
        text = gettext("%(name)s is true, and the challenge offers Bearer alone.")
        if offers_dpop:
            text = gettext("%(name)s is true, and the challenge offers Bearer as well.")
        yield finding(CHALLENGE_DPOP_REQUIRED, walk.url, text % {"name": _REQUIRED})


def unsupported(walk: Walk) -> Iterator[Finding]:
    """Report an offer of DPoP for which no authorization server of the resource gives tokens."""
    metadata = [server.metadata for server in walk.servers]
    is_all = bool(metadata) and all(metadata) and not (walk.elsewhere or walk.left_out)
    if not is_all or not any(map(is_dpop, walk.challenges)):
        return
    if not any(has_value(place.content.get(_ALGORITHMS)) for place in metadata if place):
        text = gettext("%(names)s: without %(member)s.")
        names = shown(", ".join(server.issuer for server in walk.servers))
        observation = text % {"names": names, "member": _ALGORITHMS}
        yield finding(CHALLENGE_DPOP_UNSUPPORTED, walk.url, observation)


def algorithms(walk: Walk) -> Iterator[Finding]:
    """Report `algs` that no proof may have, or that differ from those of the metadata."""
    # RFC 9449 §7.1: without algs, a client chooses from the metadata.
    offers = (
        challenge.parameters["algs"]
        for challenge in walk.challenges
        if is_dpop(challenge) and "algs" in challenge.parameters
    )
    offered = next(offers, None)
    if offered is None:
        return
    if problem := _problem(offered):
        yield finding(CHALLENGE_DPOP_ALGORITHM, walk.url, invalid("algs", offered, problem))
        return
    listed = strings(walk.resource.content, _ALGORITHMS) if walk.resource else []
    if listed and set(listed) != set(offered.split()):
        text = gettext("Challenge: %(offered)s. Metadata: %(listed)s.")
        values = {"offered": shown(offered), "listed": shown(" ".join(listed))}
        yield finding(CHALLENGE_DPOP_DIFFERS, walk.url, text % values)


def _problem(offered: str) -> str:
    """Return what is wrong with the first algorithm that a proof must not have, or ""."""
    for name in offered.split():
        try:
            check_proof_algorithm(name)
        except ValueError as error:
            return said(error)
    return ""


ENTRIES = (
    CHALLENGE_DPOP_REQUIRED,
    CHALLENGE_DPOP_UNSUPPORTED,
    CHALLENGE_DPOP_DIFFERS,
    CHALLENGE_DPOP_ALGORITHM,
)
RULES = (required, unsupported, algorithms)
