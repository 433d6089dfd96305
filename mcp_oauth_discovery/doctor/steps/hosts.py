"""Can a stranger's header put a host into the documents?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.caching import lifetime
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.observations import Walk


def reflections(walk: Walk) -> Iterator[Finding]:
    """Report a mark of a forgery in a document or a challenge that had none before."""
    for forgery in walk.forgeries:
        answer, before = forgery.exchange.answer, forgery.before.answer
        if answer is None or before is None or answer.status != before.status:
            continue
        found = [one for one in forgery.marks if one in _told(answer) and one not in _told(before)]
        if not found:
            continue
        seen = f"The answer has {shown(found[0])}, out of a header of the request."
        code = "host-reflected" if forgery.is_host else "forwarded-reflected"
        is_cached = answer.status == 200 and lifetime(answer) != 0 and not _is_private(answer)
        yield finding("host-reflected-cached" if is_cached else code, forgery.before.url, seen)


def _told(answer: Answer) -> str:
    challenge = answer.header("www-authenticate") or ""
    return answer.body.decode("utf-8", "replace") + challenge


def _is_private(answer: Answer) -> bool:
    return "private" in (answer.header("cache-control") or "").lower()


RULES = (reflections,)
