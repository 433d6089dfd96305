"""The subcommands and options of `mcp_keys`, with an example of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.management.subcommands import add_subcommand


def add_key_arguments(subparsers: Any) -> None:
    """Add every subcommand."""
    rotate = _add_rotate(subparsers)
    text = _("Show every key, its state and its dates.")
    add_subcommand(
        subparsers, "list", text, "mcp_keys list", "mcp_keys list -v 2", "mcp_keys list --json"
    )
    retire = _add_change(
        subparsers, "retire", _("Stop signing with an active key; keep it published.")
    )
    text = _("Remove a key from the JWK Set immediately and permanently.")
    revoke = _add_change(subparsers, "revoke", text)
    _add_import(subparsers)
    text = _("Erase private keys that no longer sign; delete keys that expired long ago.")
    prune = add_subcommand(subparsers, "prune", text, "mcp_keys prune --dry-run", "mcp_keys prune")
    text = _("Encrypt all private keys with the newest encryption key.")
    add_subcommand(subparsers, "reencrypt", text, "mcp_keys reencrypt")
    for changing in (rotate, retire, revoke, prune):
        text = _("only print what would change")
        changing.add_argument("--dry-run", action="store_true", help=text)


def _add_rotate(subparsers: Any) -> CommandParser:
    rotate = add_subcommand(
        subparsers,
        "rotate",
        _("Publish the successor of each active key."),
        "mcp_keys rotate --dry-run",
        "mcp_keys rotate --if-due",
        "mcp_keys rotate --algorithm EdDSA",
    )
    text = _("only this one of %(algorithms)s") % {"algorithms": ", ".join(ALGORITHMS)}
    rotate.add_argument("--algorithm", help=text)
    text = _("do nothing until a rotation is due; for cron")
    rotate.add_argument("--if-due", action="store_true", help=text)
    return rotate


def _add_change(subparsers: Any, name: str, text: str) -> CommandParser:
    examples = (f"mcp_keys {name} p3Zk8s_q --dry-run", f"mcp_keys {name} p3Zk8s_q")
    parser = add_subcommand(subparsers, name, text, *examples)
    parser.add_argument("kid", help=_("the kid, or its beginning, as list prints it"))
    return parser


def _add_import(subparsers: Any) -> None:
    load = add_subcommand(
        subparsers,
        "import",
        _("Import a key from a PEM, DER or JWK file."),
        "mcp_keys import key.pem",
        "mcp_keys import --public-only --keep-kid public.jwk",
    )
    load.add_argument("file", type=Path, help=_("the file of the key"))
    text = _("publish a key that another program signed with")
    load.add_argument("--public-only", action="store_true", help=text)
    text = _("with --public-only: publish the key under the kid of its JWK, not its thumbprint")
    load.add_argument("--keep-kid", action="store_true", help=text)
