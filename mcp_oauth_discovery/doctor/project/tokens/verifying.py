"""Ask the verifiers of a view about a token, as its protection does, and report what each says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.printing import phrase, shown
from mcp_oauth_discovery.doctor.project.captured_logs import captured, fault_of
from mcp_oauth_discovery.doctor.project.tokens.verdicts import (
    Verdict,
    described,
    failed,
    info,
    passed,
    skipped,
    translated,
)
from mcp_oauth_discovery.protection import (
    Claims,
    InvalidToken,
    NotMine,
    Unavailable,
    Verifier,
    verify_token,
)
from mcp_oauth_discovery.protection.verification import verified_claims
from mcp_oauth_discovery.standards.token_parts import Parts


@dataclass(frozen=True)
class Verified:
    """What the verifiers say, and the claims if one of them accepts the token."""

    verdicts: tuple[Verdict, ...]
    claims: Claims | None = None


def ask_verifiers(
    verify: Verifier | Sequence[Verifier],
    request: HttpRequest,
    parts: Parts,
    resource: str,
    *,
    may_be_bound: bool = False,
) -> Verified:
    """Ask verifiers in their order; the first that recognises the token decides.

    A token that is bound to a key is refused, unless it may be.
    """
    verdicts: list[Verdict] = []
    verifiers = (verify,) if callable(verify) else tuple(verify)
    refusal = NotMine()
    for place, verifier in enumerate(verifiers):
        try:
            verdict, claims = _ask(verifier, request, parts, resource, may_be_bound)
        except NotMine as error:
            # The reason is that of the signal, which the protection chooses in the same way.
            refusal = refusal if refusal.received else error
            text = gettext("%(verifier)s does not recognise the token.")
            verdict = info("verify", text % {"verifier": _name_of(verifier)})
            verdicts.append(_by(verifier, verdict))
            continue
        others = [_not_asked(other, verifier) for other in verifiers[place + 1 :]]
        return Verified((*verdicts, _by(verifier, verdict), *others), claims)
    text = gettext("No verifier of this view recognises the token, so it is invalid.")
    return Verified((*verdicts, failed("verify", text, refusal.reason)))


def _by(verifier: Verifier, verdict: Verdict) -> Verdict:
    return replace(verdict, is_own=verifier is verify_token)


def _ask(
    verifier: Verifier, request: HttpRequest, parts: Parts, resource: str, may_be_bound: bool
) -> tuple[Verdict, Claims | None]:
    """Return the verdict and the claims; raises `NotMine`."""
    name, hide = {"verifier": _name_of(verifier)}, parts.without_secrets
    try:
        with captured([]):
            details = (request, parts.token, resource)
            claims = verified_claims(verifier, *details, may_be_bound=may_be_bound)
    except NotMine:
        raise
    except InvalidToken as error:
        # The rules of this site, which are explained one by one, need no details.
        why = f"{translated(error)}." if verifier is verify_token else described(error, hide)
        text = gettext("%(verifier)s refuses the token.") % name
        return failed("verify", f"{text} {why}", error.reason), None
    except Unavailable as error:
        text = gettext("%(verifier)s cannot verify it now, so the view answers 503.") % name
        return failed("verify", f"{text} {shown(hide(str(error)))}", "unavailable"), None
    except Exception as error:  # noqa: BLE001 - a verifier of the project may raise any
        text = gettext("%(verifier)s failed, so the view answers with an error.") % name
        return explained_failure("verify", text, error, parts), None
    return passed("verify", gettext("%(verifier)s accepts the token.") % name), claims


def explained_failure(rule: str, text: str, error: Exception, parts: Parts) -> Verdict:
    """Return the verdict about code of the project that raises an exception."""
    fault = fault_of(error)
    problem = phrase(parts.without_secrets(fault.problem))
    return failed(rule, f"{text} {problem}", "error", fault.fix)


def _not_asked(verifier: Verifier, decider: Verifier) -> Verdict:
    why = gettext("%(verifier)s is not asked: %(decider)s decides")
    return skipped("verify", why % {"verifier": _name_of(verifier), "decider": _name_of(decider)})


def _name_of(verifier: Any) -> str:
    """Return the name of a verifier, without its arguments: one of them may be a secret."""
    if verifier is verify_token:
        return gettext("verify_token (the rules of this site)")
    is_named = isinstance(getattr(verifier, "__qualname__", None), str)
    named = verifier if is_named else type(verifier)
    name = f"{named.__module__}.{named.__qualname__}"
    issuer = getattr(verifier, "issuer", None)
    if not isinstance(issuer, str):
        return name
    # Translators: the name of a class, and the URL of the issuer whose tokens it verifies.
    return gettext("%(verifier)s for %(issuer)s") % {"verifier": name, "issuer": issuer}
