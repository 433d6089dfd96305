"""The settings of the keys, and the keys in the database.

Rules that query the database run in `migrate` and in `check --database default`. Their only tag is
`database`: with another tag, Django 6.1 would run them in every check. W048 alone is different.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.checks import Tags
from django.db import Error as AnyDatabaseError
from django.db import connections, router
from django.utils import timezone

from mcp_oauth_discovery.checks.registry import Advice, about, listed, rule
from mcp_oauth_discovery.checks.routes import example_site
from mcp_oauth_discovery.checks.signers import callers
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
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.keys.lifetimes import in_english
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.models import SigningKey, State, Unusable
from mcp_oauth_discovery.signing.copies import SHORT_WAIT
from mcp_oauth_discovery.signing.readings import (
    current_store,
    is_read_here,
    present_connection,
    read_in_time,
)

_GENERATOR = "mcp_oauth_discovery.contrib.oauth_toolkit.access_token"
_GENERATOR_MODULE = "mcp_oauth_discovery.contrib.oauth_toolkit.tokens"
_ANNOUNCED = "id_token_signing_alg_values_supported"


def _stored(databases: Sequence[str] | None) -> list[SigningKey] | None:
    """Return all keys, or None if their database must not be queried or is not ready."""
    try:
        return _read(databases)
    except AnyDatabaseError:
        # W049 reports it. `migrate` runs the checks before it creates the tables.
        return None


def _read(databases: Sequence[str] | None) -> list[SigningKey] | None:
    """Return all keys, or None if their database must not be queried."""
    alias = router.db_for_read(SigningKey)
    if alias not in (databases or ()):
        return None
    # The overview in the admin runs this too, perhaps inside a transaction.
    with undisturbed(connections[alias]):
        return list(SigningKey.objects.using(alias))


def _wanted_algorithms() -> list[str]:
    """Return the algorithms that this site needs a key for, as its documents say."""
    ours = policy.signing_algorithms()
    document = published_server_metadata(example_site())
    # With another `jwks_uri`, or none, the keys of this site are not used.
    is_announced = _ANNOUNCED in document and "jwks_uri" not in _configured()
    announced = (_configured().get(_ANNOUNCED) or ours) if is_announced else []
    needed = ours[:1] if settings.signs_metadata() and is_pinned() else []
    return [name for name in ours if name in announced or name in needed]


def _generates_tokens() -> bool:
    """Return whether django-oauth-toolkit signs its access tokens with this app."""
    toolkit: object = project_setting("OAUTH2_PROVIDER", {})
    generator = toolkit.get("ACCESS_TOKEN_GENERATOR") if isinstance(toolkit, Mapping) else None
    module, name = getattr(generator, "__module__", ""), getattr(generator, "__qualname__", "")
    if generator != _GENERATOR and (module, name) != (_GENERATOR_MODULE, "access_token"):
        return False
    # While the issuer is not pinned, only a request shows which issuer it is.
    return not is_pinned() or bool(server_metadata(example_site()))


def _signer() -> str:
    """Return what certainly signs tokens here: a setting or a module; "" if nothing is known."""
    if _generates_tokens():
        return "OAUTH2_PROVIDER['ACCESS_TOKEN_GENERATOR']"
    return next(iter(callers()), "")


def _keys_in_a_moment() -> list[SigningKey]:
    """Return all keys, or none if their database does not answer within a moment."""
    try:
        connection = present_connection()
        name = str(connection.settings_dict["NAME"])
        store = current_store()
        # To connect would create the file.
        is_missing = connection.vendor == "sqlite" and not Path(name).exists()
        if is_missing and not is_read_here(store):
            return []
        return read_in_time(store, lambda: list(SigningKey.objects.using(store.alias)), SHORT_WAIT)
    # Projects without a database, and tests that may not use it, have exceptions of their own.
    except Exception:  # noqa: BLE001
        return []


@rule("W002")
def check_time_zones(**kwargs: Any) -> Iterator[Advice]:
    """Report USE_TZ = False: the dates of keys must be in UTC."""
    for fault in policy.timing_faults():
        if fault.setting == "USE_TZ":
            yield Advice(fault.problem, fault.hint)


@rule("W003")
def check_publish_ahead(**kwargs: Any) -> Iterator[Advice]:
    """Report a publish-ahead that is too short for several hosts with different clocks."""
    fault = policy.tight_publish_ahead()
    if fault:
        yield Advice(fault.problem, fault.hint)


@rule("W029", Tags.database)
def check_a_key_signs(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[Advice]:
    """Report announced algorithms without an active key."""
    # A test database need not have keys.
    keys = None if sys.argv[1:2] == ["test"] else _stored(databases)
    if keys is not None:
        active = {key.algorithm for key in keys if key.state() is State.ACTIVE}
        idle = [algorithm for algorithm in _wanted_algorithms() if algorithm not in active]
        if idle:
            yield Advice(
                f"MCP_SIGNING_ALGORITHMS has {listed(idle)}, and no active key: nothing can be "
                "signed, although the metadata announces it.",
                "Run 'manage.py mcp_keys rotate'. If this site signs nothing, announce nothing: "
                f'{SERVER_SETTING} = {{"jwks_uri": None, "{_ANNOUNCED}": None}}.',
            )


@rule("W030", Tags.database)
def check_rotation(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[Advice]:
    """Report keys that have signed for too long and have no successor."""
    now, interval = timezone.now(), policy.timing().interval
    for key in _stored(databases) or ():
        is_ours = key.algorithm in policy.signing_algorithms() and key.generation is not None
        # A host with a wrong clock may have planned the handover years ahead.
        is_open = key.retires_at is None or key.retires_at > now + interval
        due = key.activates_at + interval
        if is_ours and key.state(now) is State.ACTIVE and is_open and due < now:
            yield Advice(
                f"The {key.algorithm} key {key} was due for replacement on {due:%Y-%m-%d}, and "
                f"still signs: MCP_KEY_ROTATION_INTERVAL is {in_english(interval)}.",
                "Run 'manage.py mcp_keys rotate --if-due', and let cron run it every day.",
            )


@rule("W031", Tags.database)
def check_keys_open(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[Advice]:
    """Report active and pending keys that cannot be decrypted or verified."""
    for key in _stored(databases) or ():
        if key.private_key and key.state() in (State.ACTIVE, State.PENDING):
            try:
                key.unseal_to_sign()
            except Unusable as fault:
                yield Advice(f"Nothing can be signed with {key}. {fault.problem}", fault.remedy)


@rule("W039", Tags.database)
def check_tokens_can_be_signed(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterator[Advice]:
    """Report that this site signs tokens, but signing will fail."""
    keys = None if sys.argv[1:2] == ["test"] else _stored(databases)
    if keys is None:
        return
    first = policy.signing_algorithms()[0]
    is_idle = not any(key.algorithm == first and key.state() is State.ACTIVE for key in keys)
    # This site has signed if it made keys, and its metadata still names their JWK Set.
    is_named = bool(server_metadata(example_site())) and "jwks_uri" not in _configured()
    has_signed = is_named and any(key.generation is not None for key in keys)
    # W029 reports announced algorithms.
    is_expected = has_signed and first not in _wanted_algorithms()
    # Code may name another algorithm of the list.
    is_empty = not any(key.state() is State.ACTIVE for key in keys)
    caller = next(iter(callers()), "") if is_empty else ""
    if is_idle and (_generates_tokens() or is_expected or caller):
        who = f"{caller} calls sign_jwt" if caller else "this site signs tokens"
        yield Advice(
            f"No key for {first}, the first of MCP_SIGNING_ALGORITHMS, is active, and {who}. "
            "sign_jwt raises NoSigningKey, so every sign-in fails.",
            f"Run 'manage.py mcp_keys rotate --algorithm {first}'.",
        )


@rule("W049", Tags.database)
def check_keys_can_be_read(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterator[Advice]:
    """Report that the keys that this site needs cannot be read, although they have tables."""
    try:
        _read(databases)
    except AnyDatabaseError as error:
        # A site that neither announces keys nor signs needs no database.
        if not remedy(error) and (_wanted_algorithms() or _signer()):
            problem = next(iter(str(error).splitlines()), type(error).__name__)
            yield Advice(
                f"The signing keys cannot be read: {problem}.",
                "Repair the database: nothing is signed until it answers, and new processes have "
                "no JWK Set.",
            )


@rule("W040")
def check_issuer_of_tokens(**kwargs: Any) -> Iterator[Advice]:
    """Report that this site signs tokens while its issuer is not pinned."""
    if not is_pinned() and (signer := _signer()):
        yield about(
            "MCP_ISSUER",
            conf.MCP_ISSUER,
            f"{signer} calls sign_jwt, which refuses while the issuer is not a string, so every "
            "sign-in fails",
            PIN,
        )


@rule("W048")
def check_issuer_of_keys(**kwargs: Any) -> Iterator[Advice]:
    """Report that this site has keys while its issuer is not pinned.

    Only then does it query the database, although it runs in every check: a project that forgets
    MCP_ISSUER does not name a database for its checks either.
    """
    if is_pinned() or sys.argv[1:2] == ["test"] or _signer():
        return
    keys = [key for key in _keys_in_a_moment() if key.private_key]
    signs = [key for key in keys if key.state() in (State.ACTIVE, State.PENDING)]
    if signs:
        yield about(
            "MCP_ISSUER",
            conf.MCP_ISSUER,
            f"this site has keys, such as {signs[0]}, and nothing can be signed with them while "
            "the issuer is not a string",
            f"{PIN} If another site signs with the keys in this database, add "
            '"mcp_oauth_discovery.W048" to SILENCED_SYSTEM_CHECKS.',
        )


def _configured() -> dict[str, Any]:
    return dict(conf.MCP_AUTHORIZATION_SERVER_METADATA)
