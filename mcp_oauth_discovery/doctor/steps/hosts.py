"""Can a forged header put a host into the documents?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.caching import lifetime
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.observations import Walk, all_ended
from mcp_oauth_discovery.doctor.walk.probes import ask_with_forged_hosts

HOST_REFLECTED = Entry(
    code="host-reflected",
    severity=Severity.ERROR,
    seen="A forged Host appears in a document.",
    expected="identifiers from the configuration, or a refusal",
    section="RFC 9728 §7.3",
    fix="Build the documents from the configuration, and refuse unknown hosts.",
    django_fix="Pin MCP_ISSUER, and list the hosts in ALLOWED_HOSTS.",
    explains=("forwarded-reflected",),
)
HOST_REFLECTED_CACHED = Entry(
    code="host-reflected-cached",
    severity=Severity.CRITICAL,
    seen="A forged host or scheme appears in a document that caches may keep.",
    expected="identifiers from the configuration, or no-store",
    section="RFC 9728 §7.3, RFC 9111 §7.1",
    clients=EVERY,
    fix=(
        "Build the documents from the configuration immediately: one request can send every "
        "client to an attacker's server."
    ),
    django_fix=(
        "Pin MCP_ISSUER immediately: one request can send every client to an attacker's server."
    ),
    explains=("host-reflected", "forwarded-reflected"),
)
FORWARDED_REFLECTED = Entry(
    code="forwarded-reflected",
    severity=Severity.ERROR,
    seen="A forged X-Forwarded-* or Forwarded header appears in a document.",
    expected="identifiers from the configuration",
    section="RFC 9728 §7.3, RFC 7239 §8.1",
    fix="Have the proxy overwrite these headers, and ignore them if there is no proxy.",
    django_fix=(
        "Pin MCP_ISSUER. Have the proxy overwrite these headers, or unset USE_X_FORWARDED_HOST "
        "if there is no proxy."
    ),
)


def reflections(walk: Walk) -> Iterator[Finding]:
    """Report a forged value in a document or a challenge that did not have it before."""
    for forgery in walk.forgeries:
        answer, before = forgery.exchange.answer, forgery.before.answer
        if answer is None or before is None or answer.status != before.status:
            continue
        text, usual = _text(answer), _text(before)
        reflected = [mark for mark in forgery.marks if mark in text and mark not in usual]
        if not reflected:
            continue
        is_private = "private" in (answer.header("cache-control") or "").lower()
        if answer.status == 200 and lifetime(answer) != 0 and not is_private:
            entry = HOST_REFLECTED_CACHED
        else:
            entry = HOST_REFLECTED if forgery.is_host else FORWARDED_REFLECTED
        observation = f"The answer has {shown(reflected[0])} from a header of the request."
        yield finding(entry, forgery.before.url, observation)


def _text(answer: Answer) -> str:
    challenge = answer.header("www-authenticate") or ""
    return answer.body.decode("utf-8", "replace") + challenge


def can_pass(walk: Walk) -> bool:
    return all_ended(forgery.exchange for forgery in walk.forgeries)


STEP = Step(
    name="hosts",
    title="Forged hosts",
    holds="a forged Host, Forwarded or X-Forwarded-* changes nothing",
    entries=(
        HOST_REFLECTED,
        HOST_REFLECTED_CACHED,
        FORWARDED_REFLECTED,
    ),
    rules=(reflections,),
    can_pass=can_pass,
    probes=(ask_with_forged_hosts,),
)
