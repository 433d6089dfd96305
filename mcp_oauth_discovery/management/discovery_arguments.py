"""The subcommands and options of `mcp_discovery`, with examples of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from mcp_oauth_discovery.discovery.web_servers import WEB_SERVERS
from mcp_oauth_discovery.management.checking import add_check_arguments
from mcp_oauth_discovery.management.subcommands import add_subcommand
from mcp_oauth_discovery.management.tokens.reading import STDIN


def add_discovery_arguments(subparsers: Any) -> None:
    """Add every subcommand."""
    text = _("Print what this project still needs, with the lines to paste; change nothing.")
    examples = ("mcp_discovery init", "mcp_discovery init --json")
    add_subcommand(subparsers, "init", text, *examples)
    check = add_subcommand(
        subparsers,
        "check",
        _("Check that MCP clients can discover how to sign in."),
        "mcp_discovery check",
        "mcp_discovery check https://app.example.com/mcp",
        "mcp_discovery check --strict --format junit > report.xml",
    )
    add_check_arguments(check)
    _add_explain(subparsers)
    show = add_subcommand(
        subparsers,
        "show",
        _("Print the documents and the source of each value."),
        "mcp_discovery show",
        "mcp_discovery show --host app.example.com",
    )
    token = _add_token(subparsers)
    for parser in (check, show, token):
        parser.add_argument("--host", help=_("the Host header to send (without a URL only)"))
    _add_export(subparsers)


def _add_explain(subparsers: Any) -> None:
    explain = add_subcommand(
        subparsers,
        "explain",
        _("Explain a code of the report."),
        "mcp_discovery explain prm-resource-mismatch",
        "mcp_discovery explain cors",
        "mcp_discovery explain W017",
    )
    text = _("the code, a group of codes, or the ID of a system check; default: all codes")
    explain.add_argument("code", nargs="?", help=text)


def _add_token(subparsers: Any) -> Any:
    token = add_subcommand(
        subparsers,
        "token",
        _("Explain why this site accepts a token or not."),
        "mcp_discovery token token.txt",
        "mcp_discovery token --resource /mcp < token.txt",
    )
    text = _("the file that has the token; default: standard input, also written as -")
    token.add_argument("file", nargs="?", default=STDIN, help=text)
    text = _("explain it for this resource only: an identifier, or its path or key in the settings")
    token.add_argument("--resource", metavar="NAME", help=text)
    return token


def _add_export(subparsers: Any) -> None:
    export = add_subcommand(
        subparsers,
        "export",
        _("Write the documents as files for a web server or CDN."),
        "mcp_discovery export /srv/discovery --format nginx",
        "mcp_discovery export /srv/discovery --check",
    )
    export.add_argument("directory", type=Path, help=_("where to write"))
    text = _("also write the configuration of this web server; default: that of the last export")
    export.add_argument("--format", dest="kind", choices=["files", *WEB_SERVERS], help=text)
    text = _("write nothing, and fail if the directory is out of date")
    export.add_argument("--check", dest="only_check", action="store_true", help=text)
