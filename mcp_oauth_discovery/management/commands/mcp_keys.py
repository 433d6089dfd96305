"""Manage the signing keys, by hand or from cron."""

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
from mcp_oauth_discovery.keys import files, policy
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.management.subcommands import SubcommandsCommand
from mcp_oauth_discovery.management.subcommands import add_subcommand as _add
from mcp_oauth_discovery.models import SigningKey, Unusable
from mcp_oauth_discovery.rotation import consequences
from mcp_oauth_discovery.rotation.outlook import next_step
from mcp_oauth_discovery.rotation.schedule import standing
from mcp_oauth_discovery.rotation.writes import rehearsal

_COLUMNS = ("ALGORITHM", "STATE", "KID", "SIGNS FROM", "RETIRES", "LEAVES JWK SET", "NEXT")


class Command(SubcommandsCommand):
    help = "Rotate, list, retire, revoke, import, prune and re-encrypt the signing keys."
    # A problem elsewhere in the project must not stop a revocation, or fill the mail of cron. The
    # settings that matter here are checked when they are read.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="subcommand", required=True)

        rotate = _add(subparsers, "rotate", "Publish the successor of each active key.")
        rotate.add_argument("--algorithm", help=f"only this one of {', '.join(ALGORITHMS)}")
        rotate.add_argument(
            "--if-due", action="store_true", help="do nothing until a rotation is due; for cron"
        )
        _add(subparsers, "list", "Show every key, its state and its dates.")
        retire = _add(subparsers, "retire", "Stop signing with an active key; keep it published.")
        retire.add_argument("kid")
        revoke = _add(
            subparsers, "revoke", "Remove a key from the JWK Set immediately and permanently."
        )
        revoke.add_argument("kid")
        load = _add(subparsers, "import", "Import a key from a PEM, DER or JWK file.")
        load.add_argument("file", type=Path)
        load.add_argument(
            "--public-only",
            action="store_true",
            help="publish a key that another program signed with",
        )
        load.add_argument(
            "--keep-kid",
            action="store_true",
            help="with --public-only: publish the key under the kid of its JWK, not its thumbprint",
        )
        prune = _add(
            subparsers,
            "prune",
            "Erase private keys that no longer sign; delete keys that expired long ago.",
        )
        _add(subparsers, "reencrypt", "Encrypt all private keys with the newest encryption key.")
        for destructive in (retire, revoke, prune):
            destructive.add_argument(
                "--dry-run", action="store_true", help="only print what would change"
            )

    def handle(self, *args: Any, subcommand: str, **options: Any) -> None:
        handler = getattr(self, f"handle_{subcommand}")
        try:
            handler(**options)
            self.stdout.flush()
        except BrokenPipeError:
            # The reader of stdout has closed the pipe: discard the rest of the output.
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, sys.stdout.fileno())
            os.close(devnull)
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
                # Instead of making a key, this may have brought a pending one forward. A key that
                # another process made a moment ago is not reported with --if-due.
                if now in (key.created_at, key.activates_at):
                    made.append(key)
                    self._say(as_json, f"{name}: published {key.kid}, {_starts(key)}.")
                elif not if_due:
                    state = key.state(now).value
                    self._say(as_json, f"{name}: {key.kid} is already {state}, {_starts(key)}.")
        finally:
            # The keys before the one that failed are stored.
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
            rows = [
                (
                    key.algorithm,
                    key.state(now).value,
                    key.kid,
                    stamp(key.activates_at),
                    stamp(key.retires_at),
                    stamp(key.leaves_at),
                    next_step(key, now),
                )
                for key in keys
            ]
            self._say(as_json, *_table(rows))
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
        # Counted from now, because others see the change only now.
        cached_until = policy.last_cached_copy(timezone.now())
        until = f" until {stamp(cached_until)} (MCP_JWKS_MAX_AGE)." if cached_until else "."
        unknown = "" if cached_until else f" {consequences.UNKNOWN_AGE}"
        self._say(
            as_json,
            f"{_would('Revoked', dry_run)} {kid}. Cached copies of the JWK Set may be in use{until}"
            f"{unknown} Purge shared caches to shorten that.",
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
            # The path contains a NUL or a lone surrogate.
            raise CommandError(f"{str(file)!r} cannot be the path of a file.") from error
        try:
            key = rotation.import_key(data, public_only=public_only, keep_kid=keep_kid, now=now)
            declared_kid = files.declared_kid(data)
        finally:
            # Error pages show local variables.
            del data
        until = f"published until {stamp(key.expires_at)}" if public_only else _starts(key)
        self._say(as_json, f"{key.algorithm}: imported {key.kid}, {until}.")
        if declared_kid not in (None, key.kid):
            self.stderr.write(_warning_of_kid(key, declared_kid, public_only))
        self._dump(as_json, {"imported": _as_json(key, now)})

    def handle_prune(self, *, dry_run: bool, as_json: bool, **options: Any) -> None:
        pruned = rotation.prune(dry_run=dry_run)
        for kid in pruned.erased:
            self._say(as_json, f"{_would('Erased', dry_run)} the private key of {kid}.")
        for kid in pruned.deleted:
            self._say(as_json, f"{_would('Deleted', dry_run)} {kid}.")
        if not any(pruned):
            self._say(as_json, "Nothing to prune.")
        self._dump(as_json, {**pruned._asdict(), "dry_run": dry_run})

    def handle_reencrypt(self, *, as_json: bool, **options: Any) -> None:
        kids = rotation.reencrypt()
        plural = "" if len(kids) == 1 else "s"
        self._say(
            as_json, f"Encrypted {len(kids)} private key{plural} with the newest encryption key."
        )
        self._dump(as_json, {"reencrypted": kids})

    def _say(self, as_json: bool, *lines: str) -> None:
        if not as_json:
            for line in lines:
                self.stdout.write(line)

    def _dump(self, as_json: bool, document: Mapping[str, Any]) -> None:
        if as_json:
            self.stdout.write(json.dumps(document, indent=2))


def _warning_of_kid(key: SigningKey, kid: str | None, public_only: bool) -> str:
    warning = (
        f"Warning: the file has the kid {shown(kid)}. The key is published as {key.kid}; "
        "tokens with the other kid cannot be verified with this JWK Set."
    )
    advice = " To publish it under the other kid, run the command again with --keep-kid."
    return f"{warning}{advice}" if public_only else warning


def _starts(key: SigningKey) -> str:
    return f"signs from {stamp(key.activates_at)}"


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _would(done: str, dry_run: bool) -> str:
    return f"Would have {done[0].lower()}{done[1:]}" if dry_run else done


def _is_undone(key: SigningKey, now: datetime, dry_run: bool) -> bool:
    """Return whether a key was made in a dry run, and undone: its kid will never be used."""
    return dry_run and key.created_at == now


def _now_signs(
    successor: SigningKey | None, key: SigningKey, now: datetime, dry_run: bool
) -> list[str]:
    if successor is None:
        return [f"No key {'would sign' if dry_run else 'signs'} {key.algorithm} tokens now."]
    name = "A new key" if _is_undone(successor, now, dry_run) else successor.kid
    # Every verifier has a key that was signing before.
    if successor.activates_at < now:
        return [f"{name} {'would keep' if dry_run else 'keeps'} signing {key.algorithm} tokens."]
    signs = f"{name} {'would sign' if dry_run else 'now signs'} {key.algorithm} tokens."
    return [signs, *consequences.refused_at_first(successor, now)]


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


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    for row in (_COLUMNS, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
