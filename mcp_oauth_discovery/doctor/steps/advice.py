"""Advice for answers that show more than their status."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.transport.messages import Answer, Speech
from mcp_oauth_discovery.doctor.transport.reachability import host_of
from mcp_oauth_discovery.standards.identifiers import is_loopback

# The error messages of nginx, Apache and Go servers for plain HTTP at a TLS port.
_TLS_PORT = (
    b"plain http request was sent to https port",
    b"speaking plain http to an ssl-enabled server port",
    b"client sent an http request to an https server",
)


@dataclass(frozen=True)
class Advice:
    """The expected answer, the section that requires it, and what to do."""

    expected: str
    section: str
    fix: str


MISDIRECTED = Advice(
    _("an answer for this host"),
    "RFC 9110 §15.5.20",
    _(
        "421 means that the server has no site for this host. Add the host to the virtual host and "
        "to the allowed hosts of the server. Have the proxy send it in the Host header and in TLS "
        "(SNI)."
    ),
)
SPEAKS_TLS = Advice(
    _("https at a port that speaks TLS"),
    "RFC 9110 §4.2.2",
    _("The port speaks TLS. Write https in the URL, or name the port that speaks plain HTTP."),
)
SPEAKS_PLAIN_HTTP = Advice(
    _("TLS at the port of an https URL"),
    "RFC 9110 §4.2.2",
    _(
        "The port most likely speaks plain HTTP. Name the port that speaks TLS, or put a proxy "
        "with TLS in front of this one."
    ),
)
HANGS_UP = Advice(
    _("a complete TLS handshake"),
    "RFC 9110 §4.2.2",
    _(
        "The server ends the handshake itself. Check that this port speaks TLS, in version 1.2 or "
        "1.3, and that it has a site for this host name (SNI)."
    ),
)
HANDSHAKE_WAITS = Advice(
    _("a complete TLS handshake"),
    "RFC 9110 §4.2.2",
    _(
        "The port accepts the connection and does not answer the TLS handshake. Check that it "
        "speaks TLS: some plain HTTP servers wait for the rest of a request."
    ),
)
GATEWAY = Advice(
    _("an answer of the application"),
    "RFC 9110 §15.6.3, §15.6.5",
    _(
        "A proxy got no valid answer from the application. Check that the application runs, and "
        "that the proxy has the right address for it."
    ),
)
OF_SPEECH = {
    Speech.HTTP: SPEAKS_PLAIN_HTTP,
    Speech.TLS: SPEAKS_TLS,
    Speech.OTHER_TLS: HANGS_UP,
    Speech.NOTHING: HANDSHAKE_WAITS,
}
# Cloudflare uses 520 to 530.
_OF_GATEWAYS = (502, 504, *range(520, 531))


def advice(answer: Answer) -> Advice | None:
    """Return advice about an answer, if it shows why the request failed."""
    if answer.status == 421:
        return MISDIRECTED
    if answer.status in _OF_GATEWAYS:
        return GATEWAY
    page = answer.body.lower()
    is_for_tls = answer.status == 400 and any(words in page for words in _TLS_PORT)
    return SPEAKS_TLS if is_for_tls else None


def advised(result: Finding, better: Advice | None, typed: str = "") -> Finding:
    """Return a finding, with better advice than that of its entry if there is any.

    `typed` is the URL of the endpoint; the advice may be to check it with the other scheme.
    """
    if better is None:
        return result
    fix = gettext(better.fix)
    if url := _other_scheme(better, typed):
        check = gettext("Check %(url)s instead.") % {"url": url}
        typing = gettext("Type: %(command)s") % {"command": command(url)}
        fix = f"{check} {fix} {typing}"
    expected = gettext(better.expected)
    return replace(result, expected=expected, section=better.section, fix=fix, django_fix="")


def command(url: str) -> str:
    """Return the command that checks a URL, which may contain what a shell would run."""
    return f"python manage.py mcp_discovery check {shlex.quote(url)}"


def _other_scheme(advice: Advice, typed: str) -> str:
    """Return the same URL with the other scheme, if that is the one to check, or ""."""
    if advice is SPEAKS_TLS and typed.startswith("http:"):
        return f"https{typed[4:]}"
    if advice is SPEAKS_PLAIN_HTTP and is_loopback(host_of(typed)):
        return f"http{typed[5:]}"
    return ""
