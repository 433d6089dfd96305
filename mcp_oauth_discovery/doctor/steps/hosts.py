"""Can a forged header put a host into the documents?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.caching import lifetime
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.observations import Forgery, Walk, all_ended
from mcp_oauth_discovery.doctor.walk.probes import ask_with_forged_hosts

HOST_REFLECTED = Entry(
    code="host-reflected",
    severity=Severity.ERROR,
    seen=_("A forged Host appears in a document."),
    expected=_("identifiers from the configuration, or a refusal"),
    section="RFC 9728 §7.3",
    fix=_("Build the documents from the configuration, and refuse unknown hosts."),
    django_fix=_("Pin MCP_ISSUER, and list the hosts in ALLOWED_HOSTS."),
    explains=("forwarded-reflected",),
)
HOST_REFLECTED_CACHED = Entry(
    code="host-reflected-cached",
    severity=Severity.CRITICAL,
    seen=_("A forged host or scheme appears in a document that caches may keep."),
    expected=_("identifiers from the configuration, or no-store"),
    section="RFC 9728 §7.3, RFC 9111 §7.1",
    clients=EVERY,
    fix=_(
        "Build the documents from the configuration immediately: one request can send every "
        "client to an attacker's server."
    ),
    django_fix=_(
        "Pin MCP_ISSUER immediately, and list the hosts in ALLOWED_HOSTS: one request can send "
        "every client to an attacker's server."
    ),
    explains=("host-reflected", "forwarded-reflected"),
)
FORWARDED_REFLECTED = Entry(
    code="forwarded-reflected",
    severity=Severity.ERROR,
    seen=_("A forged X-Forwarded-* or Forwarded header appears in a document."),
    expected=_("identifiers from the configuration"),
    section="RFC 9728 §7.3, RFC 7239 §8.1",
    fix=_(
        "Build the documents from the configuration. Have the proxy overwrite the header, and "
        "ignore it if there is no proxy."
    ),
    django_fix=_(
        "Pin MCP_ISSUER. Have the proxy overwrite the header, or remove the setting that trusts "
        "it: USE_X_FORWARDED_HOST, USE_X_FORWARDED_PORT or SECURE_PROXY_SSL_HEADER."
    ),
)

_HOST = ("Host",)
# The settings with which Django trusts a header of the request.
_TRUSTING = {
    "X-Forwarded-Host": "USE_X_FORWARDED_HOST",
    "X-Forwarded-Port": "USE_X_FORWARDED_PORT",
    "X-Forwarded-Proto": "SECURE_PROXY_SSL_HEADER",
}


def reflections(walk: Walk) -> Iterator[Finding]:
    """Report a forged value in a document or a challenge that did not have it before."""
    for forgery in walk.forgeries:
        answer, before = forgery.exchange.answer, forgery.before.answer
        if answer is None or before is None or answer.status != before.status:
            continue
        text, usual = _text(answer), _text(before)
        for mark, names in forgery.marks.items():
            if mark in text and mark not in usual:
                yield _reflection(forgery.before.url, answer, mark, names)


def _reflection(url: str, answer: Answer, mark: str, names: tuple[str, ...]) -> Finding:
    """Return the finding that an answer has a value of a header, and who trusts that header."""
    is_private = "private" in (answer.header("cache-control") or "").lower()
    if answer.status == 200 and lifetime(answer) != 0 and not is_private:
        entry = HOST_REFLECTED_CACHED
    else:
        entry = HOST_REFLECTED if names == _HOST else FORWARDED_REFLECTED
    header = _joined(names)
    text = gettext("The answer has %(value)s from the header %(header)s of the request.")
    result = finding(entry, url, text % {"value": shown(mark), "header": header})
    if names == _HOST:
        return result
    text = gettext("Have the proxy overwrite %(header)s, and ignore it if there is no proxy.")
    distrust = text % {"header": header}
    if entry is HOST_REFLECTED_CACHED:
        start, django_start = result.fix, result.django_fix
    else:
        start = gettext("Build the documents from the configuration.")
        django_start = gettext("Pin MCP_ISSUER.")
    fix, django_fix = f"{start} {distrust}", f"{django_start} {_trust(names)}"
    return replace(result, fix=fix, django_fix=django_fix)


def _joined(names: tuple[str, ...]) -> str:
    # Translators: between the names of two headers.
    return gettext(" or ").join(names)


def _trust(names: tuple[str, ...]) -> str:
    """Return what makes a Django site trust a header, and what to do."""
    overwrite = gettext("Have the proxy overwrite %(header)s.")
    if setting := _TRUSTING.get(names[0]):
        look = gettext("%(setting)s trusts %(header)s: remove that setting if there is no proxy.")
    else:
        look = gettext(
            "No setting of Django reads %(header)s: look for it in the middleware and in the "
            "application server."
        )
    return f"{overwrite} {look}" % {"header": _joined(names), "setting": setting}


def _text(answer: Answer) -> str:
    challenge = answer.header("www-authenticate") or ""
    return answer.body.decode("utf-8", "replace") + challenge


def can_pass(walk: Walk) -> bool:
    return bool(walk.forgeries) and all(map(_shows, walk.forgeries))


def _shows(forgery: Forgery) -> bool:
    """Return whether an answer shows what the site does with the headers.

    A proxy may refuse an unknown Host with any error. After other headers, a server error is no
    answer of the site.
    """
    status = forgery.exchange.status
    is_for_host = _HOST in forgery.marks.values()
    return all_ended([forgery.exchange]) and status != 429 and (status < 500 or is_for_host)


STEP = Step(
    name="hosts",
    title=_("Forged hosts"),
    holds=_("no forged Host, Forwarded or X-Forwarded-* appears in an answer"),
    entries=(
        HOST_REFLECTED,
        HOST_REFLECTED_CACHED,
        FORWARDED_REFLECTED,
    ),
    rules=(reflections,),
    can_pass=can_pass,
    probes=(ask_with_forged_hosts,),
)
