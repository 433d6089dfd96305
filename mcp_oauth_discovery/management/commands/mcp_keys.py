"""Manage the signing keys, by hand or from cron."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import Error as AnyDatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys import files, policy
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.management import key_sentences as sentences
from mcp_oauth_discovery.management.key_arguments import add_key_arguments
from mcp_oauth_discovery.management.key_sentences import Successor
from mcp_oauth_discovery.management.key_table import table
from mcp_oauth_discovery.management.kids import full_kid
from mcp_oauth_discovery.management.subcommands import SubcommandsCommand
from mcp_oauth_discovery.models import SigningKey, Unusable
from mcp_oauth_discovery.rotation.schedule import is_known, standing
from mcp_oauth_discovery.rotation.writes import rehearsal


class Command(SubcommandsCommand):
    help = gettext_noop("Rotate, list, retire, revoke, import, prune and re-encrypt signing keys.")
    # A problem elsewhere in the project must not stop a revocation, or fill the mail of cron. The
    # settings that matter here are checked when they are read.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_key_arguments(self.add_subparsers(parser))

    def run_subcommand(self, subcommand: str, **options: Any) -> None:
        try:
            super().run_subcommand(subcommand, **options)
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
            text = _("The key store cannot be used: %(problem)s.") % {"problem": problem}
            advice = _("Has 'manage.py migrate' been run?") if remedy(error) else ""
            raise CommandError(f"{text} {advice}".strip()) from error

    def handle_rotate(
        self, *, algorithm: str | None, if_due: bool, dry_run: bool, as_json: bool, **options: Any
    ) -> None:
        now = timezone.now()
        algorithms = [algorithm] if algorithm is not None else policy.signing_algorithms()
        made: list[Successor] = []
        try:
            for name in algorithms:
                with rehearsal() if dry_run else nullcontext():
                    key = rotation.rotate(name, now=now, if_due=if_due)
                # Instead of making a key, this may have brought a pending one forward. A key that
                # another process made a moment ago is not reported with --if-due.
                if now in (key.created_at, key.activates_at):
                    is_undone = dry_run and not is_known(key.kid)
                    made.append(Successor(key, is_undone))
                    line = sentences.rotated(key, is_new=is_undone, dry_run=dry_run)
                    self._say(as_json, [line])
                elif not if_due:
                    self._say(as_json, [sentences.unchanged(key, now)])
            if dry_run and not made:
                self._say(as_json, [_("Nothing would change.")])
        finally:
            # The keys before the one that failed are stored.
            created = [_of_successor(each, now) for each in made]
            self._dump(as_json, {"created": created, "dry_run": dry_run})

    def handle_list(self, *, as_json: bool, verbosity: int, **options: Any) -> None:
        policy.check_time_zones()
        now = timezone.now()
        keys = list(
            SigningKey.objects.authoritative().order_by("algorithm", "-activates_at", "kid")
        )
        if as_json:
            self._dump(as_json, {"keys": [_as_json(key, now) for key in keys]})
        elif keys:
            self._say(as_json, table(keys, now, self.style, is_wide=verbosity > 1))
        else:
            self._say(as_json, [_("There are no keys yet. Run 'manage.py mcp_keys rotate'.")])

    def handle_retire(self, *, kid: str, dry_run: bool, as_json: bool, **options: Any) -> None:
        now = timezone.now()
        policy.check_time_zones()
        with rehearsal() if dry_run else nullcontext():
            key = rotation.retire(full_kid(kid), now=now)
            successor = _successor(key, now, dry_run)
        self._say(as_json, [sentences.retired(key, dry_run=dry_run)])
        self._say(as_json, sentences.succeeded(successor, key.algorithm, now, dry_run=dry_run))
        self._dump(as_json, _outcome("retired", key, successor, now, dry_run))

    def handle_revoke(self, *, kid: str, dry_run: bool, as_json: bool, **options: Any) -> None:
        now = timezone.now()
        policy.check_time_zones()
        with rehearsal() if dry_run else nullcontext():
            key = rotation.revoke(full_kid(kid), now=now)
            successor = _successor(key, now, dry_run)
        # Counted from now, because others see the change only now.
        cached_until = policy.last_cached_copy(timezone.now())
        self._say(as_json, [sentences.revoked(key, cached_until, dry_run=dry_run)])
        self._say(as_json, sentences.succeeded(successor, key.algorithm, now, dry_run=dry_run))
        outcome = _outcome("revoked", key, successor, now, dry_run)
        self._dump(as_json, {**outcome, "cached_until": _iso(cached_until)})

    def handle_import(
        self, *, file: Path, public_only: bool, keep_kid: bool, as_json: bool, **options: Any
    ) -> None:
        now = timezone.now()
        data = _octets(file)
        try:
            key = rotation.import_key(data, public_only=public_only, keep_kid=keep_kid, now=now)
            declared_kid = files.declared_kid(data)
        finally:
            # Error pages show local variables.
            del data
        self._say(as_json, [sentences.imported(key, is_public=public_only)])
        if declared_kid is not None and declared_kid != key.kid:
            self.stderr.write(sentences.other_kid(key, declared_kid, is_public=public_only))
        self._dump(as_json, {"imported": _as_json(key, now)})

    def handle_prune(self, *, dry_run: bool, as_json: bool, **options: Any) -> None:
        pruned = rotation.prune(dry_run=dry_run)
        self._say(as_json, sentences.pruned(*pruned, dry_run=dry_run))
        self._dump(as_json, {**pruned._asdict(), "dry_run": dry_run})

    def handle_reencrypt(self, *, as_json: bool, **options: Any) -> None:
        kids = rotation.reencrypt()
        text = ngettext(
            "Encrypted %(number)d private key with the newest encryption key.",
            "Encrypted %(number)d private keys with the newest encryption key.",
            len(kids),
        )
        self._say(as_json, [text % {"number": len(kids)}])
        self._dump(as_json, {"reencrypted": kids})

    def _say(self, as_json: bool, lines: Iterable[str]) -> None:
        if not as_json:
            self.print_lines(lines)

    def _dump(self, as_json: bool, document: Mapping[str, Any]) -> None:
        if as_json:
            self.stdout.write(json.dumps(document, indent=2))


def _octets(file: Path) -> bytes:
    """Return what a file has; raises `CommandError`."""
    try:
        with file.open("rb") as opened:
            # One octet more than allowed, because a device may never end.
            return opened.read(files.LARGEST_FILE + 1)
    except OSError as error:
        text = _("%(file)s cannot be read: %(reason)s.")
        raise CommandError(text % {"file": file, "reason": error.strerror}) from error
    except ValueError as error:
        # The path contains a NUL or a lone surrogate.
        text = _("%(file)r cannot be the path of a file.")
        raise CommandError(text % {"file": str(file)}) from error


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _successor(key: SigningKey, now: datetime, dry_run: bool) -> Successor | None:
    """Return the key that signs after a change."""
    active = standing(key.algorithm, now).active
    return Successor(active, dry_run and active.created_at == now) if active else None


def _outcome(
    verb: str, key: SigningKey, successor: Successor | None, now: datetime, dry_run: bool
) -> dict[str, Any]:
    described = _of_successor(successor, now) if successor else None
    return {verb: _as_json(key, now), "successor": described, "dry_run": dry_run}


def _of_successor(successor: Successor, now: datetime) -> dict[str, Any]:
    described = _as_json(successor.key, now)
    # The kid of a key that was undone will never be used.
    return {**described, "kid": None} if successor.is_undone else described


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
