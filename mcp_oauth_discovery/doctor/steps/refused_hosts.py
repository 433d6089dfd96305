"""Advice about a host that the site refuses: it names the host that the settings lack."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.standards.identifiers import origin

# What Django says in its log, and under DEBUG on its page.
_DJANGO = re.compile(
    r"You may need to add (?:'|&#x27;)([\w.:\[\]-]{1,253})(?:'|&#x27;) to ALLOWED_H"
)


def naming_host(result: Finding, walk: Walk) -> Finding:
    """Return a finding about a 400 with advice that names the host to allow."""
    # ALLOWED_HOSTS takes hosts without the port, and IPv6 addresses with their brackets.
    host = re.sub(r":\d+\Z", "", urlsplit(origin(walk.url)).netloc)
    received = _received(walk) or host
    values = {"host": host, "received": received}
    generic = gettext("Configure the host %(host)s in the application.")
    django = gettext('Add the host to the settings: ALLOWED_HOSTS = ["%(host)s"].')
    if walk.in_process:
        # The host of the URL comes from the settings, and there is no proxy.
        wrong = gettext("If this host is wrong, correct MCP_ISSUER or MCP_RESOURCE.")
        generic, django = f"{django} {wrong}", ""
    elif received == host:
        generic = gettext(
            "Configure the host %(host)s in the application, and have the proxy pass the Host "
            "header on."
        )
        django = gettext(
            'Add the host to the settings: ALLOWED_HOSTS = ["%(host)s"], and have the proxy pass '
            "the Host header on."
        )
    else:
        proxy = gettext(
            "The application gets the host %(received)s. Have the proxy pass the Host header on "
            "(nginx: proxy_set_header Host $host)."
        )
        generic, django = f"{proxy} {generic}", f"{proxy} {django}"
    return replace(result, fix=generic % values, django_fix=django % values)


def _received(walk: Walk) -> str:
    """Return the host that Django has refused by its own words, or "" if it does not say so."""
    for exchange in walk.exchanges():
        if exchange.answer and exchange.status == 400:
            problem = exchange.answer.fault.problem if exchange.answer.fault else ""
            text = f"{problem}\n{exchange.answer.body.decode('utf-8', 'replace')}"
            if match := _DJANGO.search(text):
                return match[1]
    return ""
