"""Sentences in a module that gettext does not get, read from the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

# Two words, the second of which is not a name: "no keys", "The keys", but not "Bearer" or "GET /".
_SENTENCE = re.compile(r"[^\W\d_][,.:;]? +[a-z]{2,}")
# What to type, such as "mcp_keys rotate": no sentence begins with it and has a full stop.
_COMMAND = re.compile(r"\s*(?:python|manage\.py|mcp_keys|mcp_discovery) (?!.*\.(?:\s|$))")
_TAG = re.compile(r"<[^>]*>")
_GETTEXT = re.compile(r"_|n?p?gettext(?:_lazy|_noop)?")
# Arguments that are the same in every language: sections of standards, patterns, HTTP.
_DATA = {"section"}
_FUNCTIONS_OF_DATA = {"compile", "getLogger", "warn"}
# Exceptions for developers, as in all of Django.
_EXCEPTIONS = {"RuntimeError", "TypeError", "ImproperlyConfigured", "NotImplementedError"}


def sentences(source: str) -> Iterator[str]:
    """Yield each text of two words or more that is neither marked nor a docstring."""
    yield from _in(ast.parse(source))


def _in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Call) and _is_of_data(node):
        return
    if isinstance(node, ast.keyword) and node.arg in _DATA:
        return
    if isinstance(node, ast.JoinedStr):
        # A placeholder takes the place of a name.
        text = "".join(
            part.value if isinstance(part, ast.Constant) else "NAME" for part in node.values
        )
        if _is_sentence(text):
            yield text
        children = [part for part in node.values if isinstance(part, ast.FormattedValue)]
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _is_sentence(node.value):
            yield node.value
        children = []
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from _in(child)


def _is_of_data(call: ast.Call) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return bool(_GETTEXT.fullmatch(name)) or name in _FUNCTIONS_OF_DATA | _EXCEPTIONS


def _is_sentence(text: str) -> bool:
    return bool(_SENTENCE.search(_TAG.sub("", text))) and not _COMMAND.match(text)
