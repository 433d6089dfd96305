"""Keep the token of the user out of every answer, because a server may repeat what it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mcp_oauth_discovery.doctor.transport.messages import (
    Answer,
    Failure,
    Fault,
    Headers,
    Transport,
)


@dataclass(frozen=True)
class HidingTransport:
    """Sends requests with another transport, and hides secrets in what comes back.

    A server may repeat a token in a later answer too. `hide` returns a text without the secrets.
    """

    transport: Transport
    hide: Callable[[str], str]

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes = b""
    ) -> Answer | Failure:
        """Return the answer to one request, or why there is none."""
        return self._hidden(self.transport.send(method, url, headers, body))

    def _hidden(self, outcome: Answer | Failure) -> Answer | Failure:
        hide = self.hide
        if isinstance(outcome, Failure):
            return replace(outcome, reason=hide(outcome.reason))
        fields = tuple((name, hide(value)) for name, value in outcome.headers)
        # Latin-1 keeps every octet as it is.
        body = hide(outcome.body.decode("latin-1")).encode("latin-1")
        fault = outcome.fault and Fault(hide(outcome.fault.problem), hide(outcome.fault.fix))
        return replace(outcome, headers=fields, body=body, fault=fault)
