"""The signing keys, for operators and for cron."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import Error as AnyDatabaseError
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.conf import shown
from mcp_oauth_discovery.keys import files, jwk, policy
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.management.subcommands import SubcommandsCommand
from mcp_oauth_discovery.management.subcommands import add_subcommand as _add
from mcp_oauth_discovery.models import SigningKey, Unusable
from mcp_oauth_discovery.rotation import consequences
from mcp_oauth_discovery.rotation.outlook import next_step
from mcp_oauth_discovery.rotation.succession import standing
from mcp_oauth_discovery.rotation.writes import rehearsal

_COLUMNS = ("ALGORITHM", "STATE", "KID", "SIGNS FROM", "RETIRES", "LEAVES JWK SET", "NEXT")


class Command(SubcommandsCommand):
    help = "Rotate, list, retire, revoke, import, prune and re-encrypt the signing keys."
    # What is wrong elsewhere in a project neither stops a revocation nor fills the mail of cron.
    # Settings that matter here are judged when they are read, each fault in one line.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="subcommand", required=True)

        rotate = _add(subparsers, "rotate", "Publish the successor of each active key.")
        rotate.add_argument("--algorithm", help=f"only this one of {', '.join(jwk.ALGORITHMS)}")
        rotate.add_argument(
            "--if-due", action="store_true", help="do nothing, silently, until it is time; for cron"
        )
        _add(subparsers, "list", "Show every key, its state and its dates.")
        retire = _add(subparsers, "retire", "Let an active key sign no more; it stays published.")
        retire.add_argument("kid")
        revoke = _add(subparsers, "revoke", "Take a key out of the JWK Set at once, for ever.")
        revoke.add_argument("kid")
        load = _add(subparsers, "import", "Import a key from a PEM, DER or JWK file.")
        load.add_argument("file", type=Path)
        load.add_argument(
            "--public-only",
            action="store_true",
            help="publish a key that somebody else signed with",
        )
        load.add_argument(
            "--keep-kid",
            action="store_true",
            help="with --public-only: publish the key under the kid of its JWK, not its thumbprint",
        )
        prune = _add(
            subparsers, "prune", "Erase private halves that sign no more; delete keys long expired."
        )
        _add(subparsers, "reencrypt", "Encrypt all private halves with the newest key.")
        for destructive in (retire, revoke, prune):
            destructive.add_argument(
                "--dry-run", action="store_true", help="only say what would be done"
            )

    def handle(self, *args: Any, subcommand: str, **options: Any) -> None:
        handler = getattr(self, f"handle_{subcommand}")
        try:
            handler(**options)
            self.stdout.flush()
        except BrokenPipeError:
            _leave_pipe()
        except (rotation.Refused, Unusable, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except AnyDatabaseError as error:
            # PostgreSQL adds the statement, in further lines.
            problem = next(iter(str(error).splitlines()), type(error).__name__)
            advised = remedy(error) or "."
            raise CommandError(f"The key store cannot be used: {problem}{advised}") from error

    def handle_rotate(
        self, *, algorithm: str | None, if_due: bool, as_json: bool, **options: Any
    ) -> None:
        now = timezone.now()
        algorithms = [algorithm] if algorithm is not None else policy.signing_algorithms()
        made: list[SigningKey] = []
        try:
            for name in algorithms:
                key = rotation.rotate(name, now=now, if_due=if_due)
                # Another process may have made it a moment ago; then there is nothing to tell.
                # Instead of a new key, a pending one may be brought forward.
                if now in (key.created_at, key.activates_at):
                    made.append(key)
                    self._say(as_json, f"{name}: published {key.kid}, {_starts(key)}.")
                elif not if_due:
                    state = key.state(now).value
                    self._say(as_json, f"{name}: {key.kid} is {state} already, {_starts(key)}.")
        finally:
            # Those before the one that failed are stored.
            self._dump(as_json, {"created": [_as_json(key, now) for key in made]})

    def handle_list(self, *, as_json: bool, **options: Any) -> None:
        policy.check_time_zones()
        now = timezone.now()
        keys = list(
            SigningKey.objects.authoritative().order_by("algorithm", "-activates_at", "kid")
        )
        if as_json:
            self._dump(as_json, {"keys": [_as_json(key, now) for key in keys]})
        elif keys:
            self._say(as_json, *_table([_row(key, now) for key in keys]))
        else:
            self._say(as_json, "There are no keys yet. Run 'manage.py mcp_keys rotate'.")

    def handle_retire(self, *, kid: str, dry_run: bool, as_json: bool, **options: Any) -> None:
        now = timezone.now()
        with rehearsal() if dry_run else nullcontext():
            key = rotation.retire(kid, now=now)
            successor = standing(key.algorithm, now).active
        self._say(
            as_json,
            f"{_would('Retired', dry_run)} {kid}. {consequences.remains(key)}",
            *_now_signs(successor, key, now, dry_run),
        )
        self._dump(as_json, _outcome("retired", key, successor, now, dry_run))

    def handle_revoke(self, *, kid: str, dry_run: bool, as_json: bool, **options: Any) -> None:
        now = timezone.now()
        with rehearsal() if dry_run else nullcontext():
            key = rotation.revoke(kid, now=now)
            successor = standing(key.algorithm, now).active
        # From now on, when the others can see it.
        cached_until = policy.last_cached_copy(timezone.now())
        self._say(
            as_json,
            f"{_would('Revoked', dry_run)} {kid}. Copies of the JWK Set cached before can still "
            f"be in use{_until(cached_until)}",
            *_now_signs(successor, key, now, dry_run),
        )
        outcome = _outcome("revoked", key, successor, now, dry_run)
        self._dump(as_json, {**outcome, "cached_until": _iso(cached_until)})

    def handle_import(
        self, *, file: Path, public_only: bool, keep_kid: bool, as_json: bool, **options: Any
    ) -> None:
        now = timezone.now()
        try:
            with file.open("rb") as opened:
                # One octet more than allowed, because a device may never end.
                data = opened.read(files.LARGEST_FILE + 1)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            # A NUL in it, or half of a character.
            raise CommandError(f"{str(file)!r} cannot be the path of a file.") from error
        try:
            key = rotation.import_key(data, public_only=public_only, keep_kid=keep_kid, now=now)
            named = files.declared_kid(data)
        finally:
            # Error pages show what has a name.
            del data
        until = f"published until {stamp(key.expires_at)}" if public_only else _starts(key)
        self._say(as_json, f"{key.algorithm}: imported {key.kid}, {until}.")
        if named not in (None, key.kid):
            self.stderr.write(_warning_of_kid(key, named, public_only))
        self._dump(as_json, {"imported": _as_json(key, now)})

    def handle_prune(self, *, dry_run: bool, as_json: bool, **options: Any) -> None:
        pruned = rotation.prune(dry_run=dry_run)
        for kid in pruned.erased:
            self._say(as_json, f"{_would('Erased', dry_run)} the private half of {kid}.")
        for kid in pruned.deleted:
            self._say(as_json, f"{_would('Deleted', dry_run)} {kid}.")
        if not any(pruned):
            self._say(as_json, "Nothing to prune.")
        self._dump(as_json, {**pruned._asdict(), "dry_run": dry_run})

    def handle_reencrypt(self, *, as_json: bool, **options: Any) -> None:
        kids = rotation.reencrypt()
        self._say(
            as_json, f"Encrypted {len(kids)} private {_halves(len(kids))} with the newest key."
        )
        self._dump(as_json, {"reencrypted": kids})

    def _say(self, as_json: bool, *lines: str) -> None:
        if not as_json:
            for line in lines:
                self.stdout.write(line)

    def _dump(self, as_json: bool, document: Mapping[str, Any]) -> None:
        if as_json:
            self.stdout.write(json.dumps(document, indent=2))


def _leave_pipe() -> None:
    """Let Python write what is left to nowhere: the reader of stdout has seen enough."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _warning_of_kid(key: SigningKey, named: str | None, public_only: bool) -> str:
    warning = (
        f"Warning: the file calls this key {shown(named)}. It is published as {key.kid}; "
        "tokens whose header has the other kid do not verify by this JWK Set."
    )
    advice = " To publish it under the other kid, run the command again with --keep-kid."
    return f"{warning}{advice}" if public_only else warning


def _starts(key: SigningKey) -> str:
    return f"signs from {stamp(key.activates_at)}"


def _until(cached: datetime | None) -> str:
    if cached is None:
        return f". {consequences.UNKNOWN_AGE} Purge shared caches to shorten that."
    return f" until {stamp(cached)} (MCP_JWKS_MAX_AGE); purge shared caches to shorten that."


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _would(done: str, dry_run: bool) -> str:
    return f"Would have {done[0].lower()}{done[1:]}" if dry_run else done


def _halves(count: int) -> str:
    return "half" if count == 1 else "halves"


def _is_undone(key: SigningKey, now: datetime, dry_run: bool) -> bool:
    """Say whether a key was made only to be undone; its kid is one that nobody will see again."""
    return dry_run and key.created_at == now


def _now_signs(
    successor: SigningKey | None, key: SigningKey, now: datetime, dry_run: bool
) -> list[str]:
    if successor is None:
        return [f"Nothing signs with {key.algorithm} from now on."]
    name = "a new key" if _is_undone(successor, now, dry_run) else successor.kid
    signs = f"{key.algorithm} tokens are signed by {name} from now on."
    # What went on signing undisturbed is known to everybody.
    takes_over = successor.activates_at == now
    return [signs, *(consequences.refused_at_first(successor, now) if takes_over else [])]


def _outcome(
    verb: str, key: SigningKey, successor: SigningKey | None, now: datetime, dry_run: bool
) -> dict[str, Any]:
    described = _as_json(successor, now) if successor else None
    if successor and described and _is_undone(successor, now, dry_run):
        described["kid"] = None
    return {verb: _as_json(key, now), "successor": described, "dry_run": dry_run}


def _as_json(key: SigningKey, now: datetime) -> dict[str, Any]:
    dates = ("created_at", "activates_at", "retires_at", "expires_at", "revoked_at")
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state(now).value,
        "in_jwk_set": key.is_published(now),
        "has_private_key": bool(key.private_key),
        **{name: _iso(getattr(key, name)) for name in dates},
    }


def _row(key: SigningKey, now: datetime) -> tuple[str, ...]:
    dates = (key.activates_at, key.retires_at, key.leaves_at)
    return (
        key.algorithm,
        key.state(now).value,
        key.kid,
        *map(stamp, dates),
        next_step(key, now),
    )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    for row in (_COLUMNS, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
