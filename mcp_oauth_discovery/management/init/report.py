"""What `mcp_discovery init` prints: the steps that are missing, with the lines to paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from django.core.checks import CheckMessage
from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mcp_oauth_discovery.checks.routes import has_urlconf
from mcp_oauth_discovery.doctor.output.text import Palette
from mcp_oauth_discovery.doctor.output.wrapping import wrapped
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.management.init import reading
from mcp_oauth_discovery.management.init.project import Endpoint, Files, Setup
from mcp_oauth_discovery.management.init.snippets import Where, pasted
from mcp_oauth_discovery.management.init.steps import Step, steps


class Plan:
    """The steps of a project, those that are done and those that are missing."""

    def __init__(self, setup: Setup | None, steps: Sequence[Step]) -> None:
        """Take what a project has, or None if wrong settings hide it."""
        self.setup = setup
        self.steps = steps
        self.missing = [step for step in steps if not step.is_done]

    @property
    def next_command(self) -> str:
        """The command to run when the missing steps are done, or the next one."""
        if self.missing:
            return "python manage.py mcp_discovery init"
        command = "python manage.py mcp_discovery check"
        if self.setup and self.setup.endpoint is Endpoint.IN_ASGI:
            # In process, only Django is asked.
            return f"{command} {self.setup.url}"
        return command

    def as_json(self) -> dict[str, Any]:
        """Return the document of `--json`."""
        setup = self.setup
        return {
            "complete": not self.missing,
            "authorization_server": setup.server.value if setup else None,
            "issuer": setup.issuer if setup else None,
            "endpoint": setup.path if setup else None,
            "steps": [self._step_as_json(step) for step in self.steps],
            "next": self.next_command,
        }

    def _step_as_json(self, step: Step) -> dict[str, Any]:
        snippet = step.snippet
        return {
            "step": step.name,
            "done": step.is_done,
            "text": step.text,
            "where": snippet.where.value if snippet else None,
            "file": self._file(snippet.where) if snippet else None,
            "lines": pasted([snippet]) if snippet else [],
        }

    def lines(self, palette: Palette) -> Iterator[str]:
        """Yield the lines for people."""
        if not self.missing:
            yield palette["pass"](_("Everything is in place."))
            yield _("Next, check it as clients do: %(command)s") % {"command": self.next_command}
            return
        yield from self._beginning(palette)
        for number, (where, group) in enumerate(self._groups(), 1):
            yield ""
            yield palette["heading"](f"{number}. {self._place(where, group)}")
            yield from self._about(where)
            for step in group:
                first, *others = wrapped(step.text, 5)
                yield from (f"   - {first}", *(f"     {line}" for line in others))
            if snippets := [step.snippet for step in group if step.snippet]:
                yield ""
                yield from (f"    {line}".rstrip() for line in pasted(snippets))
        yield ""
        yield _("Then run this command again: %(command)s") % {"command": self.next_command}

    def _beginning(self, palette: Palette) -> Iterator[str]:
        number, total = len(self.missing), len(self.steps)
        text = ngettext(
            "%(number)d step of %(total)d is missing. This command changes nothing.",
            "%(number)d steps of %(total)d are missing. This command changes nothing.",
            number,
        )
        yield text % {"number": number, "total": total}
        done = [step for step in self.steps if step.is_done]
        yield from (f"  {palette['pass'](_('done'))}  {visible(step.text)}" for step in done)
        if self.setup and not self.setup.is_server_chosen:
            text = _(
                "These steps make this site the authorization server, with django-oauth-toolkit. "
                "If another server issues the tokens, name it in the settings, and run this "
                "command again:"
            )
            yield from ("", *wrapped(text, 0))
            yield '    MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]'

    def _groups(self) -> list[tuple[Where | None, list[Step]]]:
        """Return the missing steps by place; steps that follow each other share it."""
        places = groupby(self.missing, lambda step: step.snippet.where if step.snippet else None)
        return [(where, list(group)) for where, group in places]

    def _place(self, where: Where | None, group: Sequence[Step]) -> str:
        if where is None:
            return _("Correct this:")
        if where is Where.TERMINAL:
            return _("In a terminal:")
        if where is Where.VIEW:
            return _("In %(file)s:") % {"file": self._file(where)}
        return _("At the end of %(file)s:") % {"file": self._file(where)}

    def _about(self, where: Where | None) -> Iterator[str]:
        base = self.setup.files.base_settings if self.setup else ""
        if where is Where.SETTINGS and base:
            text = _("This file imports %(file)s. Write there what all environments need.")
            yield from (f"   {line}" for line in wrapped(text % {"file": base}, 3))

    def _file(self, where: Where) -> str | None:
        files = self.setup.files if self.setup else Files("", "")
        return {
            Where.SETTINGS: files.settings,
            Where.URLS: files.urls,
            Where.VIEW: files.view,
        }.get(where)


def plan() -> Plan:
    """Return the plan of this project; raises `CommandError` if it has no URLs."""
    if not has_urlconf():
        raise CommandError(_("ROOT_URLCONF is not set, so this process serves nothing."))
    if faults := reading.faults():
        return Plan(None, [_of_message(message) for message in faults])
    setup = reading.setup()
    found = list(steps(setup))
    if all(step.is_done for step in found):
        found += [_of_message(message) for message in reading.remaining(setup)]
    return Plan(setup, found)


def _of_message(message: CheckMessage) -> Step:
    return Step(str(message.id), False, f"{message.msg} {message.hint or ''} ({message.id})")
