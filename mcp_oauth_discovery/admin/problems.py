"""The messages of the checks on the overview, and each problem in one place of the page only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.core.checks import ERROR, CheckMessage
from django.db import Error as AnyDatabaseError
from django.db import router
from django.utils.translation import gettext as _

from mcp_oauth_discovery import checks
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.models import SigningKey


class Finding(NamedTuple):
    """A message of a system check."""

    message: CheckMessage
    is_error: bool
    is_for_deployment: bool

    @property
    def documentation(self) -> str:
        """The URL of the section about this check."""
        # The import of the doctor would delay the start of each process.
        from mcp_oauth_discovery.doctor.findings import documentation

        return documentation(str(self.message.id).lower().replace(".", ""), "checks")


def findings() -> list[Finding]:
    """Return the messages of the checks of this app, with `--deploy` and `--database`.

    Errors come first, and what is for deployment last.
    """
    return sorted(_messages(), key=lambda item: (not item.is_error, item.is_for_deployment))


def _messages() -> Iterator[Finding]:
    databases = [router.db_for_read(SigningKey)]
    run = [(checks.check_settings, False)]
    run += [(rule.check, rule.deploy) for rule in checks.RULES.values()]
    for check, is_for_deployment in run:
        for message in check(app_configs=None, databases=databases):
            if not message.is_silenced():
                yield Finding(message, message.level >= ERROR, is_for_deployment)


class SaidOnce:
    """Replaces a problem that is already on the page by a reference to it."""

    def __init__(self, messages: list[Finding]) -> None:
        # An exception about a setting has the text of the check and its hint.
        self._references = {
            f"{item.message.msg} {item.message.hint}": _("See %(check)s above.")
            % {"check": item.message.id}
            for item in messages
        }

    @property
    def references(self) -> set[str]:
        """The references that are on the page instead of problems."""
        return set(self._references.values())

    def __call__(self, problem: str) -> str:
        """Return a problem the first time, a reference after that, and "" for no problem."""
        if problem in self._references:
            return self._references[problem]
        if problem:
            self._references[problem] = _("See the problem above.")
        return problem


def unread(error: AnyDatabaseError) -> str:
    """Say that the keys cannot be read, why, and what to run if tables are missing."""
    return _explained(_("The signing keys cannot be read: %(reason)s."), error)


def unusable(error: AnyDatabaseError) -> str:
    """Say that the keys can be neither read nor changed, why, and what to run."""
    return _explained(_("The signing keys cannot be used: %(reason)s."), error)


def _explained(text: str, error: AnyDatabaseError) -> str:
    # PostgreSQL adds the statement, in further lines.
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    sentence = text % {"reason": reason.rstrip(".")}
    return f"{sentence} {_('Run manage.py migrate.')}" if remedy(error) else sentence
