"""Check discovery on any site, show and export the documents of this one, and explain tokens."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.management.base import CommandError, CommandParser
from django.http import Http404
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from mcp_oauth_discovery.checks.routes import serving_urlconf
from mcp_oauth_discovery.doctor.arguments import checked_origin
from mcp_oauth_discovery.doctor.output.text import Palette
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.project import endpoints, show
from mcp_oauth_discovery.doctor.project.in_process import DjangoTransport
from mcp_oauth_discovery.doctor.project.tokens.explanation import explain
from mcp_oauth_discovery.doctor.report import Report
from mcp_oauth_discovery.doctor.run import examine
from mcp_oauth_discovery.management.checking import (
    TEXT,
    baseline_at,
    check_of,
    chosen_format,
    names,
)
from mcp_oauth_discovery.management.discovery_arguments import add_discovery_arguments
from mcp_oauth_discovery.management.explaining import explanation
from mcp_oauth_discovery.management.exporting import exporting
from mcp_oauth_discovery.management.init.report import plan
from mcp_oauth_discovery.management.subcommands import SubcommandsCommand
from mcp_oauth_discovery.management.tokens import report as token_report
from mcp_oauth_discovery.management.tokens.reading import read_token
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
    help = gettext_noop(
        "Set up, check, show and export the discovery of MCP endpoints, and explain codes and "
        "tokens."
    )
    # Skip the system checks: the command itself reports these problems, and may check another site.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_discovery_arguments(self.add_subparsers(parser))

    def run_subcommand(self, subcommand: str, **options: Any) -> None:
        try:
            super().run_subcommand(subcommand, **options)
        except Http404 as error:
            raise CommandError(_("This project does not serve that host.")) from error
        except (ImproperlyConfigured, SuspiciousOperation) as error:
            raise CommandError(visible(str(error))) from error

    def handle_init(self, *, as_json: bool, **options: Any) -> None:
        with _english(as_json):
            project = plan()
            if as_json:
                self.stdout.write(json.dumps(project.as_json(), indent=2))
            else:
                self.print_lines(project.lines(self._palette()))

    def handle_check(self, *, as_json: bool, form: str | None, **options: Any) -> None:
        form = chosen_format(form, as_json=as_json)
        file = options["token_file"]
        with _english(form != TEXT):
            baseline = baseline_at(options["baseline"])
            token = None if file is None else read_token(file)
        # What was seen is compared with what the baseline has, and that is in English.
        with _english(form != TEXT or baseline is not None):
            report = self._examined(form, token, **options)
            check = check_of(report, baseline, is_strict=options["strict"])
            if form != TEXT:
                self.stdout.write(check.document(form))
            elif options["verbosity"]:
                self.print_lines(check.lines(self._palette()))
            if check.failures:
                raise CommandError(check.summary())
            if form == TEXT:
                self.print_lines([check.summary()])

    def _examined(self, form: str, token: str | None, **options: Any) -> Report:
        """Return the report of the doctor, and show its requests if that is wanted."""
        try:
            with watching(self.stderr, options["verbosity"], is_text=form == TEXT) as watch:
                return examine(
                    options["url"],
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

    def handle_explain(self, *, code: str | None, as_json: bool, **options: Any) -> None:
        with _english(as_json):
            explained = explanation(code, self._palette())
            if as_json:
                self.stdout.write(json.dumps(explained.document, indent=2))
            else:
                self.print_lines(explained.lines)

    def handle_show(self, *, host: str | None, as_json: bool, **options: Any) -> None:
        start = checked_origin(endpoints.origin_of(host))
        site = endpoints.site_at(start, serving_urlconf())
        with _english(as_json):
            documents = list(show.served(site, start, DjangoTransport()))
            if as_json:
                shown = {"documents": [document.as_json() for document in documents]}
                self.stdout.write(json.dumps(shown, indent=2))
            else:
                for document in documents:
                    first, *rest = show.lines(document)
                    self.print_lines([self._palette()["heading"](first), *rest])
            if failed := sum(bool(document.problem) for document in documents):
                text = ngettext(
                    "%(failed)d of %(count)d documents cannot be served.",
                    "%(failed)d of %(count)d documents cannot be served.",
                    failed,
                )
                raise CommandError(text % {"failed": failed, "count": len(documents)})

    def handle_token(
        self, *, file: str, resource: str | None, host: str | None, as_json: bool, **options: Any
    ) -> None:
        origin = checked_origin(endpoints.origin_of(host))
        with _english(as_json):
            try:
                explanation = explain(read_token(file), origin, resource)
            except ValueError as error:
                raise CommandError(str(error)) from error
            if as_json:
                self.stdout.write(json.dumps(token_report.as_json(explanation), indent=2))
            else:
                self.print_lines(token_report.lines(explanation, self._palette()))
            summary = token_report.summary(explanation)
            if not explanation.accepted_by:
                raise CommandError(summary)
            if not as_json:
                self.print_lines([summary])

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
            self.print_lines(export.faults() if only_check else export.lines())
        if not is_current:
            text = _("%(path)s is out of date. Run the command without --check.")
            raise CommandError(text % {"path": directory})
        if only_check and not as_json:
            self.print_lines([_("%(path)s is up to date.") % {"path": directory}])

    def _palette(self) -> Palette:
        palette = {name: getattr(self.style, style) for name, style in _PAINTS.items()}
        has_colours = any(paint("x") != "x" for paint in palette.values())
        return {**palette, "section": _dim if has_colours else str}


def _english(is_for_programs: bool) -> AbstractContextManager[None]:
    """Return the context in which a document for programs is made, or one for people."""
    return translation.override(None) if is_for_programs else nullcontext()


def _dim(text: str) -> str:
    """Return text in a weak colour, which no style of Django has."""
    return f"\x1b[2m{text}\x1b[0m"
