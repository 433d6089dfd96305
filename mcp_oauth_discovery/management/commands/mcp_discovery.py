"""Check discovery on any site, show and export the documents of this one, and explain tokens."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.management.base import CommandError, CommandParser
from django.http import Http404

from mcp_oauth_discovery.checks.routes import serving_urlconf
from mcp_oauth_discovery.discovery.web_servers import WEB_SERVERS
from mcp_oauth_discovery.doctor.arguments import checked_origin
from mcp_oauth_discovery.doctor.output.text import Palette
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.project import endpoints, show
from mcp_oauth_discovery.doctor.project.in_process import DjangoTransport
from mcp_oauth_discovery.doctor.project.tokens.explanation import explain
from mcp_oauth_discovery.doctor.run import examine
from mcp_oauth_discovery.management.checking import (
    TEXT,
    add_check_arguments,
    baseline_at,
    check_of,
    chosen_format,
    names,
)
from mcp_oauth_discovery.management.explaining import explanation
from mcp_oauth_discovery.management.exporting import exporting
from mcp_oauth_discovery.management.subcommands import SubcommandsCommand, add_subcommand
from mcp_oauth_discovery.management.tokens import report as token_report
from mcp_oauth_discovery.management.tokens.reading import STDIN, read_token
from mcp_oauth_discovery.management.watching import watching

_PAINTS = {
    "heading": "MIGRATE_HEADING",
    "fix": "MIGRATE_LABEL",
    "critical": "ERROR",
    "error": "ERROR",
    "warning": "WARNING",
    # Not NOTICE, which is red.
    "info": "MIGRATE_HEADING",
    "pass": "SUCCESS",
}


class Command(SubcommandsCommand):
    help = (
        "Check the discovery of an MCP endpoint, explain a code, show or export the documents, "
        "or explain a token."
    )
    # Skip the system checks: the command itself reports these problems, and may check another site.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="subcommand", required=True)
        check = add_subcommand(
            subparsers, "check", "Check that MCP clients can discover how to sign in."
        )
        add_check_arguments(check)
        explain = add_subcommand(subparsers, "explain", "Explain a code of the report.")
        text = "the code, a group of codes, or the ID of a system check; default: all codes"
        explain.add_argument("code", nargs="?", help=text)
        show = add_subcommand(
            subparsers, "show", "Print the documents and the source of each value."
        )
        token = add_subcommand(subparsers, "token", "Explain why this site accepts a token or not.")
        text = "the file that has the token; default: standard input, also written as -"
        token.add_argument("file", nargs="?", default=STDIN, help=text)
        text = (
            "explain it for this resource only: an identifier, or its path or key in the settings"
        )
        token.add_argument("--resource", metavar="NAME", help=text)
        for subparser in (check, show, token):
            subparser.add_argument("--host", help="the Host header to send (without a URL only)")
        text = "Write the documents as files for a web server or CDN."
        export = add_subcommand(subparsers, "export", text)
        export.add_argument("directory", type=Path, help="where to write")
        text = "also write the configuration of this web server; default: that of the last export"
        export.add_argument("--format", dest="kind", choices=["files", *WEB_SERVERS], help=text)
        text = "write nothing, and fail if the directory is out of date"
        export.add_argument("--check", dest="only_check", action="store_true", help=text)

    def handle(self, *args: Any, subcommand: str, **options: Any) -> None:
        handler = getattr(self, f"handle_{subcommand}")
        try:
            handler(**options)
        except Http404 as error:
            raise CommandError("This project does not serve that host.") from error
        except (ImproperlyConfigured, SuspiciousOperation) as error:
            raise CommandError(visible(str(error))) from error

    def handle_check(
        self, *, url: str | None, as_json: bool, form: str | None, verbosity: int, **options: Any
    ) -> None:
        form = chosen_format(form, as_json=as_json)
        baseline = baseline_at(options["baseline"])
        file = options["token_file"]
        token = None if file is None else read_token(file)
        try:
            with watching(self.stderr, verbosity, is_text=form == TEXT) as watch:
                report = examine(
                    url,
                    host=options["host"],
                    origin=options["origin"],
                    only=names(options["only"]),
                    skip=names(options["skip"]),
                    timeout=options["timeout"],
                    budget=options["budget"],
                    token=token,
                    watch=watch,
                )
        except ValueError as error:
            raise CommandError(str(error)) from error
        check = check_of(report, baseline, is_strict=options["strict"])
        if form != TEXT:
            self.stdout.write(check.document(form))
        elif verbosity:
            self._print(check.lines(self._palette()))
        if check.failures:
            raise CommandError(check.summary())
        if form == TEXT:
            self._print([check.summary()])

    def handle_explain(self, *, code: str | None, as_json: bool, **options: Any) -> None:
        explained = explanation(code, self._palette())
        if as_json:
            self.stdout.write(json.dumps(explained.document, indent=2))
        else:
            self._print(explained.lines)

    def handle_show(self, *, host: str | None, as_json: bool, **options: Any) -> None:
        start = checked_origin(endpoints.origin_of(host))
        site = endpoints.site_at(start, serving_urlconf())
        documents = list(show.served(site, start, DjangoTransport()))
        if as_json:
            shown = {"documents": [document.as_json() for document in documents]}
            self.stdout.write(json.dumps(shown, indent=2))
        else:
            for document in documents:
                first, *rest = show.lines(document)
                self._print([self._palette()["heading"](first), *rest])
        if failed := sum(bool(document.problem) for document in documents):
            raise CommandError(f"{failed} of {len(documents)} documents cannot be served.")

    def handle_token(
        self, *, file: str, resource: str | None, host: str | None, as_json: bool, **options: Any
    ) -> None:
        origin = checked_origin(endpoints.origin_of(host))
        try:
            explanation = explain(read_token(file), origin, resource)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if as_json:
            self.stdout.write(json.dumps(token_report.as_json(explanation), indent=2))
        else:
            self._print(token_report.lines(explanation, self._palette()))
        summary = token_report.summary(explanation)
        if not explanation.accepted_by:
            raise CommandError(summary)
        if not as_json:
            self._print([summary])

    def handle_export(
        self, *, directory: Path, kind: str | None, only_check: bool, as_json: bool, **options: Any
    ) -> None:
        export = exporting(directory, kind)
        if not only_check:
            export.write()
        is_current = not (only_check and export.changes)
        if as_json:
            self.stdout.write(json.dumps({"ok": is_current, **export.as_json()}, indent=2))
        else:
            self._print(export.faults() if only_check else export.lines())
        if not is_current:
            raise CommandError(f"{directory} is out of date. Run the command without --check.")
        if only_check and not as_json:
            self._print([f"{directory} is up to date."])

    def _palette(self) -> Palette:
        palette = {name: getattr(self.style, style) for name, style in _PAINTS.items()}
        has_colours = any(paint("x") != "x" for paint in palette.values())
        return {**palette, "section": _dim if has_colours else str}

    def _print(self, lines: Iterable[str]) -> None:
        """Write lines, with escapes for letters that the terminal does not have."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        for line in lines:
            self.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding))


def _dim(text: str) -> str:
    """Return text in a weak colour, which no style of Django has."""
    return f"\x1b[2m{text}\x1b[0m"
