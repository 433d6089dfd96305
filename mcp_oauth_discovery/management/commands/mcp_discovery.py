"""The discovery of this site, or of any other: what is served, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.management.base import CommandError, CommandParser
from django.db import router
from django.http import Http404

from mcp_oauth_discovery.checks import RULES
from mcp_oauth_discovery.checks.routes import serving_urlconf
from mcp_oauth_discovery.doctor import report
from mcp_oauth_discovery.doctor.examination import Selection, examine, unknown
from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.project import endpoints, show
from mcp_oauth_discovery.doctor.project.in_process import DjangoTransport
from mcp_oauth_discovery.doctor.report import Palette, Report
from mcp_oauth_discovery.doctor.transport.messages import Fault
from mcp_oauth_discovery.doctor.transport.network import HTTPTransport
from mcp_oauth_discovery.doctor.walk.walker import Walker
from mcp_oauth_discovery.management.subcommands import SubcommandsCommand, add_subcommand
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.standards.identifiers import check_resource, origin

# Where the Inspector runs unless told otherwise: a page of another origin than any site's own.
_PAGE = "http://localhost:6274"
_PAINTS = {
    "heading": "MIGRATE_HEADING",
    "critical": "ERROR",
    "error": "ERROR",
    "warning": "WARNING",
    "info": "NOTICE",
    "pass": "SUCCESS",
}


class Command(SubcommandsCommand):
    help = "Check the discovery of an MCP endpoint as clients make it, or show what is served."
    # It says in its own words what they would say, of whatever site it looks at.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="subcommand", required=True)
        check = add_subcommand(
            subparsers, "check", "Walk from an MCP endpoint to the keys as clients do."
        )
        check.add_argument(
            "url", nargs="?", help="the MCP endpoint, over HTTP; without it, this project's own"
        )
        check.add_argument(
            "--origin", default=_PAGE, help="of the page that CORS is tried for (%(default)s)"
        )
        for name, text in (("--only", "look at these codes or groups"), ("--skip", "leave out")):
            check.add_argument(
                name, action="append", default=[], metavar="CODES", help=f"{text}; with commas"
            )
        check.add_argument("--strict", action="store_true", help="fail on warnings as well")
        check.add_argument(
            "--timeout", type=_seconds, default=10.0, help="seconds for each answer (%(default)g)"
        )
        check.add_argument(
            "--budget", type=_seconds, default=90.0, help="seconds for all of them (%(default)g)"
        )
        show = add_subcommand(
            subparsers, "show", "Print the documents, and where each value comes from."
        )
        for subparser in (check, show):
            subparser.add_argument("--host", help="the host that this project is asked for")

    def handle(self, *args: Any, subcommand: str, **options: Any) -> None:
        handler = getattr(self, f"handle_{subcommand}")
        try:
            handler(**options)
        except Http404 as error:
            raise CommandError("There is nothing of this site at that host.") from error
        except (ImproperlyConfigured, SuspiciousOperation) as error:
            raise CommandError(visible(str(error))) from error

    def handle_check(
        self, *, url: str | None, host: str | None, as_json: bool, strict: bool, **options: Any
    ) -> None:
        selection = _selection(options["only"], options["skip"])
        page = _checked_origin(options["origin"])
        if url is not None and host is not None:
            raise CommandError("--host is for this project; a URL has a host already.")
        if url is None:
            site = endpoints.site_at(_checked_origin(endpoints.origin_of(host)))
            urls = endpoints.endpoints(site)
            origins = frozenset(map(origin, [site.issuer, *urls]))
            transport = DjangoTransport(timeout=options["timeout"], budget=options["budget"])
            walker = partial(Walker, transport, inside=origins, signing=tuple(_signing_faults()))
        else:
            urls = [_checked_endpoint(url)]
            walker = partial(Walker, HTTPTransport(url, options["timeout"], options["budget"]))
        if not urls:
            raise CommandError("This project has no resource that is enabled.")
        walk = walker(page_origin=page, wants=selection.wants_group).walk
        reports = [Report(one, tuple(examine(walk(one), selection))) for one in urls]
        self._tell(reports, as_json, strict)

    def _tell(self, reports: list[Report], as_json: bool, strict: bool) -> None:
        counts: Counter[Severity] = sum((one.counts for one in reports), Counter())
        fails = counts[Severity.CRITICAL] + counts[Severity.ERROR]
        is_bad = bool(fails or (strict and counts[Severity.WARNING]))
        told = f"{_capital(report.summary(counts))}."
        if as_json:
            document = {
                "ok": not is_bad,
                "counts": {severity.value: counts[severity] for severity in Severity},
                "reports": [report.as_json(one) for one in reports],
            }
            self.stdout.write(json.dumps(document, indent=2))
        else:
            for one in reports:
                self._print(report.lines(one, self._palette()))
        if is_bad:
            raise CommandError(told)
        if not as_json:
            self._print([told])

    def handle_show(self, *, host: str | None, as_json: bool, **options: Any) -> None:
        start = _checked_origin(endpoints.origin_of(host))
        site = endpoints.site_at(start, serving_urlconf())
        shown = list(show.served(site, start, DjangoTransport()))
        if as_json:
            self.stdout.write(json.dumps({"documents": [one.as_json() for one in shown]}, indent=2))
        for document in () if as_json else shown:
            first, *rest = show.lines(document)
            self._print([self._palette()["heading"](first), *rest])
        if failed := sum(bool(document.problem) for document in shown):
            raise CommandError(f"{failed} of {len(shown)} documents cannot be served.")

    def _palette(self) -> Palette:
        return {name: getattr(self.style, style) for name, style in _PAINTS.items()}

    def _print(self, told: Iterable[str]) -> None:
        """Write lines; what the terminal has no letters for is escaped."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        for line in told:
            self.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding))


def _signing_faults() -> Iterator[Fault]:
    """Yield the messages of the checks about why this project cannot sign its tokens."""
    databases = [router.db_for_read(SigningKey)]
    for number in ("W039", "W040"):
        for message in RULES[number].check(app_configs=None, databases=databases):
            yield Fault(message.msg, message.hint or "")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 3600:
        problem = f"{text!r} is no number of seconds above 0 and below 3600"
        raise argparse.ArgumentTypeError(problem)
    return value


def _selection(only: list[str], skip: list[str]) -> Selection:
    chosen = [
        frozenset(name.strip() for one in given for name in one.split(",") if name.strip())
        for given in (only, skip)
    ]
    if strange := unknown(chosen[0] | chosen[1]):
        raise CommandError(f"No code and no group has the name {', '.join(strange)}.")
    return Selection(*chosen)


def _checked_origin(url: str) -> str:
    if not origin(url) or url.rstrip("/").count("/") != 2:
        raise CommandError(f"{visible(url)} is not an origin such as https://app.example.com.")
    return url.rstrip("/")


def _checked_endpoint(url: str) -> str:
    try:
        check_resource(f"https{url[4:]}" if url.startswith("http:") else url)
    except ValueError as error:
        message = f"{visible(url)} is not the URL of an MCP endpoint: {error}."
        raise CommandError(visible(message)) from error
    return url


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
