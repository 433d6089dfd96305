"""The settings of the keys, and the keys in the database.

What asks the database runs in `migrate` and in `check --database default`. It has no other tag than
`database`: for any other one Django 6.1 runs it unasked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.checks import Tags
from django.db import Error as AnyDatabaseError
from django.db import connections, router
from django.utils import timezone

from mcp_oauth_discovery.checks.registry import Advice, about, listed, rule
from mcp_oauth_discovery.checks.routes import example_site
from mcp_oauth_discovery.checks.site import (
    PIN,
    SERVER_SETTING,
    is_pinned,
    published_server_metadata,
    server_metadata,
)
from mcp_oauth_discovery.conf import conf, project_setting
from mcp_oauth_discovery.discovery import settings
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.models import SigningKey, State, Unusable
from mcp_oauth_discovery.signing.readings import undisturbed

_GENERATOR = "mcp_oauth_discovery.contrib.oauth_toolkit.access_token"
_GENERATOR_MODULE = "mcp_oauth_discovery.contrib.oauth_tokens"
_ANNOUNCED = "id_token_signing_alg_values_supported"


def _stored(databases: Sequence[str] | None) -> list[SigningKey] | None:
    """Return all keys; None if their database is not to be asked, or not ready to answer."""
    alias = router.db_for_read(SigningKey)
    if alias not in (databases or ()):
        return None
    try:
        # The overview runs this too, in a request that may have a transaction.
        with undisturbed(connections[alias]):
            return list(SigningKey.objects.using(alias))
    except AnyDatabaseError:
        # `migrate` runs the checks before it makes the tables.
        return None


def _wanted_algorithms() -> list[str]:
    """Return the algorithms that this site says it signs with."""
    ours = policy.signing_algorithms()
    document = published_server_metadata(example_site())
    # Whoever names another JWK Set, or none, signs with other keys, or not at all.
    is_announced = _ANNOUNCED in document and "jwks_uri" not in _configured()
    announced = (_configured().get(_ANNOUNCED) or ours) if is_announced else []
    needed = ours[:1] if settings.signs_metadata() and is_pinned() else []
    return [one for one in ours if one in announced or one in needed]


def _generates_tokens() -> bool:
    """Say whether django-oauth-toolkit makes its access tokens with this app."""
    toolkit: object = project_setting("OAUTH2_PROVIDER", {})
    generator = toolkit.get("ACCESS_TOKEN_GENERATOR") if isinstance(toolkit, Mapping) else None
    module, name = getattr(generator, "__module__", ""), getattr(generator, "__qualname__", "")
    if generator != _GENERATOR and (module, name) != (_GENERATOR_MODULE, "access_token"):
        return False
    # Only a request can tell whose issuer it is while the issuer is not pinned.
    return not is_pinned() or bool(server_metadata(example_site()))


def _has_signed(keys: Sequence[SigningKey]) -> bool:
    """Say whether keys were made here, and the metadata still names their JWK Set."""
    is_named = bool(server_metadata(example_site())) and "jwks_uri" not in _configured()
    return is_named and any(key.generation is not None for key in keys)


@rule("W002")
def check_time_zones(**kwargs: Any) -> Iterator[Advice]:
    """Report dates in local time, with which no key can be made."""
    for fault in policy.timing_faults():
        if fault.setting == "USE_TZ":
            yield Advice(fault.problem, fault.hint)


@rule("W003")
def check_publish_ahead(**kwargs: Any) -> Iterator[Advice]:
    """Report a publish-ahead that is long enough for one host, and not for several clocks."""
    fault = policy.tight_publish_ahead()
    if fault:
        yield Advice(fault.problem, fault.hint)


@rule("W029", Tags.database)
def check_a_key_signs(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[Advice]:
    """Report algorithms that are announced, and that nothing is signed with."""
    # A test database has no keys, and that is as it should be.
    keys = None if sys.argv[1:2] == ["test"] else _stored(databases)
    if keys is not None:
        active = {key.algorithm for key in keys if key.state() is State.ACTIVE}
        idle = [one for one in _wanted_algorithms() if one not in active]
        if idle:
            yield Advice(
                f"MCP_SIGNING_ALGORITHMS has {listed(idle)}, and no active key: nothing can be "
                "signed, although the metadata announces it.",
                "Run 'manage.py mcp_keys rotate'. If this site signs nothing, announce nothing: "
                f'{SERVER_SETTING} = {{"jwks_uri": None, "{_ANNOUNCED}": None}}.',
            )


@rule("W030", Tags.database)
def check_rotation(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[Advice]:
    """Report keys that have signed for longer than they should, with no successor in sight."""
    now, interval = timezone.now(), policy.timing().interval
    for key in _stored(databases) or ():
        is_ours = key.algorithm in policy.signing_algorithms() and key.generation is not None
        # A host whose clock is ahead may have postponed the handover by years.
        is_open = key.retires_at is None or key.retires_at > now + interval
        due = key.activates_at + interval
        if is_ours and key.state(now) is State.ACTIVE and is_open and due < now:
            yield Advice(
                f"The {key.algorithm} key {key} was to be replaced on {due:%Y-%m-%d}, and signs "
                f"still: MCP_KEY_ROTATION_INTERVAL is {interval}.",
                "Run 'manage.py mcp_keys rotate --if-due', and let cron run it every day.",
            )


@rule("W031", Tags.database)
def check_keys_open(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[Advice]:
    """Report keys that are to sign, and cannot be decrypted or verified."""
    for key in _stored(databases) or ():
        if key.private_key and key.state() in (State.ACTIVE, State.PENDING):
            try:
                key.unseal_to_sign()
            except Unusable as fault:
                yield Advice(f"Nothing can be signed with {key}. {fault.problem}", fault.way_out)


@rule("W039", Tags.database)
def check_tokens_can_be_signed(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterator[Advice]:
    """Report that this site signs tokens, and that signing will fail."""
    keys = None if sys.argv[1:2] == ["test"] else _stored(databases)
    if keys is None:
        return
    first = policy.signing_algorithms()[0]
    is_idle = not any(key.algorithm == first and key.state() is State.ACTIVE for key in keys)
    # Otherwise W029 reports it, for the algorithms that are announced.
    is_expected = _has_signed(keys) and first not in _wanted_algorithms()
    if is_idle and (_generates_tokens() or is_expected):
        yield Advice(
            f"No key for {first}, the first of MCP_SIGNING_ALGORITHMS, is active, and this site "
            "signs tokens. sign_jwt raises NoSigningKey, so every sign-in fails.",
            f"Run 'manage.py mcp_keys rotate --algorithm {first}'.",
        )
    signs = [key for key in keys if key.private_key and key.state() is State.ACTIVE]
    if signs and not is_pinned() and not _generates_tokens():
        yield about(
            "MCP_ISSUER",
            conf.MCP_ISSUER,
            f"the key {signs[0]} is active, and sign_jwt refuses while the issuer is not a string",
            f"{PIN} If another site signs with the keys in this database, silence this check.",
        )


@rule("W040")
def check_issuer_of_tokens(**kwargs: Any) -> Iterator[Advice]:
    """Report that this site signs tokens while its issuer is not pinned."""
    if _generates_tokens() and not is_pinned():
        yield about(
            "MCP_ISSUER",
            conf.MCP_ISSUER,
            "OAUTH2_PROVIDER['ACCESS_TOKEN_GENERATOR'] calls sign_jwt, which refuses while the "
            "issuer is not a string, so every sign-in fails",
            PIN,
        )


def _configured() -> dict[str, Any]:
    return dict(conf.MCP_AUTHORIZATION_SERVER_METADATA)
