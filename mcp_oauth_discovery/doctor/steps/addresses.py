"""Do the addresses of each host let clients in that connect from the Internet?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import CLAUDE_CONNECTION, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.reachability import (
    host_of,
    is_private_host,
    is_public_address,
)
from mcp_oauth_discovery.doctor.walk.observations import Walk

# RFC 8215: a translator in the reader's own network makes these addresses up. DNS has none.
_MADE_UP = ipaddress.IPv6Network("64:ff9b:1::/48")

REACH_NO_A_RECORD = Entry(
    code="reach-no-a-record",
    severity=Severity.ERROR,
    seen=_("The host has IPv6 addresses alone."),
    expected=_("a public A record: Claude connects over IPv4 only"),
    section=CLAUDE_CONNECTION,
    clients=(Client.CLAUDE,),
    fix=_("Publish an A record with a public IPv4 address beside the AAAA record."),
)
REACH_MIXED_ADDRESSES = Entry(
    code="reach-mixed-addresses",
    severity=Severity.WARNING,
    seen=_("The host has private addresses beside public ones."),
    expected=_("public addresses alone: Claude refuses the host for a single private one"),
    section=CLAUDE_CONNECTION,
    clients=(Client.CLAUDE,),
    fix=_(
        "Remove the private address from the public DNS. If only the DNS of your own network "
        "returns it, nothing is wrong."
    ),
)


def addresses(walk: Walk) -> Iterator[Finding]:
    """Report hosts that clients on the Internet do not reach at all of their addresses.

    A host that is private as a whole belongs to a local test, or to the network of the reader.
    """
    judged: set[str] = set()
    for exchange in walk.exchanges():
        host = host_of(exchange.url)
        if host in judged or is_private_host(host):
            continue
        judged.add(host)
        known = [text for text in exchange.outcome.addresses if not _is_made_up(text)]
        public = [text for text in known if is_public_address(text)]
        private = [text for text in known if text not in public]
        text = gettext("%(host)s is at %(addresses)s.")
        observation = text % {"host": shown(host), "addresses": ", ".join(known)}
        if public and private:
            yield finding(REACH_MIXED_ADDRESSES, exchange.url, observation)
        elif public and not any(ipaddress.ip_address(text).version == 4 for text in public):
            yield finding(REACH_NO_A_RECORD, exchange.url, observation)


def _is_made_up(text: str) -> bool:
    return ipaddress.ip_address(text.partition("%")[0]) in _MADE_UP


ENTRIES = (REACH_NO_A_RECORD, REACH_MIXED_ADDRESSES)
RULES = (addresses,)
