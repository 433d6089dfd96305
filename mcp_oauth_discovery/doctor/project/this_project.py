"""What the doctor knows about this project before it asks: endpoints, cards, and signing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

from django.db import router

from mcp_oauth_discovery.checks import RULES
from mcp_oauth_discovery.doctor.arguments import checked_origin
from mcp_oauth_discovery.doctor.project import endpoints
from mcp_oauth_discovery.doctor.project.in_process import DjangoTransport
from mcp_oauth_discovery.doctor.project.issuing import refused_tokens
from mcp_oauth_discovery.doctor.project.tokens.refusals import refusals
from mcp_oauth_discovery.doctor.project.tokens.signing import issuer, sign
from mcp_oauth_discovery.doctor.transport.messages import Fault
from mcp_oauth_discovery.doctor.walk.credentials import Credentials
from mcp_oauth_discovery.doctor.walk.walker import Walker
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.standards.identifiers import origin
from mcp_oauth_discovery.standards.token_parts import Parts


def project_walker(
    host: str | None, timeout: float, budget: float, given: Parts | None = None
) -> tuple[Callable[..., Walker], list[str]]:
    """Return how to make the walker of this project, and the URLs of its MCP endpoints.

    `host` is the Host header, None for that of the settings; the limits are in seconds. `given` is
    a token of the user.
    """
    site = endpoints.site_at(checked_origin(endpoints.origin_of(host)))
    urls = endpoints.endpoints(site)
    origins = frozenset(map(origin, [site.issuer, *urls]))
    walker = partial(
        Walker,
        DjangoTransport(None, timeout, budget),
        inside=origins,
        signing=(*_faults("W039", "W040"), *refused_tokens()),
        unpinned=tuple(_faults("W048")),
        described=endpoints.described_endpoints(site),
        endpoints=frozenset(chain.from_iterable(map(endpoints.protected_urls, origins))),
        credentials=Credentials(given, frozenset(urls), issuer(), sign, refusals),
    )
    return walker, urls


def _faults(*numbers: str) -> Iterator[Fault]:
    """Yield the messages of system checks, unless the project silences them."""
    databases = [router.db_for_read(SigningKey)]
    for number in numbers:
        for message in RULES[number].check(app_configs=None, databases=databases):
            if not message.is_silenced():
                yield Fault(message.msg, message.hint or "")
