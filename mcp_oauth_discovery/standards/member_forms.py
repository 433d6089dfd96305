"""Checks of the values of members. Each raises `ValueError`, whose text says what is expected."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

from mcp_oauth_discovery.standards.identifiers import check_secure_url
from mcp_oauth_discovery.standards.marking import Problem
from mcp_oauth_discovery.standards.marking import gettext_noop as _
from mcp_oauth_discovery.standards.token_parts import read_parts

Check = Callable[[object], object]

# RFC 6749 §3.3, scope-token.
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+\Z")
# RFC 5646 §2.1, as far as it can be checked without the registry.
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*\Z")
_COMPACT_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
# Far more than documents need, and far less than parsers of JSON refuse.
MOST_LEVELS = 50
LARGEST_NUMBER = 2**53 - 1


def check_string(value: object) -> None:
    if not isinstance(value, str):
        raise Problem(_("expected a string, not %(type)s"), type=type(value).__name__)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        text = _("expected text that UTF-8 can carry, without lone surrogates")
        raise Problem(text) from error


def check_boolean(value: object) -> None:
    if not isinstance(value, bool):
        raise Problem(_("expected True or False, not %(value)s"), value=repr(value))


def check_aliases(value: object) -> None:
    if not isinstance(value, dict):
        raise Problem(_("expected a dict, not %(type)s"), type=type(value).__name__)
    for alias in value.values():
        check_secure_url(alias)


def list_of(check: Check) -> Check:
    """Return a check of lists and tuples that applies `check` to each item."""

    def check_list(value: object) -> None:
        if not isinstance(value, (list, tuple)):
            raise Problem(_("expected a list of strings, not %(type)s"), type=type(value).__name__)
        for item in value:
            if item == "":
                raise Problem(_("an empty string in the list is not allowed"))
            check(item)

    return check_list


def check_scope(value: object) -> None:
    if not isinstance(value, str) or not _SCOPE_TOKEN.match(value):
        text = _(
            "%(value)s is not one scope: expected visible ASCII without space, quote or backslash"
        )
        raise Problem(text, value=repr(value))


def check_algorithm(value: object) -> None:
    check_string(value)
    if str(value).lower() == "none":
        raise Problem(_("'none' is not a signature algorithm and never allowed here"))


def check_proof_algorithm(value: object) -> None:
    check_algorithm(value)
    # RFC 9449 §4.2: only the client has the key that signs a proof.
    if str(value).startswith("HS"):
        text = _("%(value)s is symmetric; a DPoP proof needs an asymmetric algorithm")
        raise Problem(text, value=repr(value))


def check_bearer_method(value: object) -> None:
    if value not in ("header", "body", "query"):
        raise Problem(_("%(value)s is not one of 'header', 'body', 'query'"), value=repr(value))


def check_bearer_methods(value: object) -> None:
    list_of(check_bearer_method)(value)
    if isinstance(value, (list, tuple)) and "header" not in value:
        raise Problem(_("MCP clients send their tokens in the header; add 'header'"))


def check_language(value: object) -> None:
    check_string(value)
    if not _LANGUAGE_TAG.match(str(value)):
        text = _("%(value)s is not a language tag such as 'fr' or 'zh-Hant'")
        raise Problem(text, value=repr(value))


def check_signed_metadata(value: object) -> None:
    """Refuse a JWT that RFC 9728 §2.2 does not allow; its signature is not verified."""
    parts = read_parts(value) if isinstance(value, str) and _COMPACT_JWT.match(value) else None
    if parts is None or parts.header is None or parts.claims is None:
        raise Problem(_("expected a JWT in compact serialisation, three parts between dots"))
    algorithm = parts.header.get("alg")
    if not algorithm or not isinstance(algorithm, str):
        raise Problem(_("the JWT has no alg, which names its signature algorithm"))
    check_algorithm(algorithm)
    issuer = parts.claims.get("iss")
    if not issuer or not isinstance(issuer, str):
        raise Problem(_("the JWT has no iss, which names the party that attests the values"))
    if "signed_metadata" in parts.claims:
        raise Problem(_("the JWT contains signed_metadata; leave it out of the claims"))


def check_json(value: object, levels: int = MOST_LEVELS) -> None:
    """Refuse a value that is not JSON, or that clients read in different ways.

    `levels` is how many lists and dicts may be inside of each other.
    """
    if isinstance(value, (dict, list, tuple)):
        if not levels:
            text = _("expected at most %(most)d lists and dicts inside of each other")
            raise Problem(text, most=MOST_LEVELS)
        for name in value if isinstance(value, dict) else ():
            check_string(name)
        for item in value.values() if isinstance(value, dict) else value:
            check_json(item, levels - 1)
    elif isinstance(value, str):
        check_string(value)
    elif isinstance(value, int):
        # RFC 8259 §6: larger numbers are not the same for all clients.
        if abs(value) > LARGEST_NUMBER:
            text = _("expected a whole number of at most %(most)d, which all clients read alike")
            raise Problem(text, most=LARGEST_NUMBER)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Problem(_("JSON has no %(constant)s"), constant=repr(value))
    elif value is not None and not isinstance(value, float):
        raise Problem(
            _("expected a value that JSON can carry, not %(type)s"), type=type(value).__name__
        )


def check_filled(value: object) -> None:
    """Refuse null, an empty string or an empty list inside of a member (RFC 9728 §3.2).

    An empty object says something: that a feature is there, and has no parameters.
    """
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, (list, tuple)):
        inner = value
    for item in inner:
        if item in (None, "", [], ()):
            raise Problem(_("an empty value inside of a member is not allowed; leave it out"))
        check_filled(item)


def registry_case(tag: str) -> str:
    """Return a language tag in the case of the registry, such as `zh-Hant-TW` (RFC 5646 §2.1.1)."""
    first, *rest = tag.lower().split("-")
    # Parts after a single letter, as in en-CA-x-ca, stay in lower case.
    end = next((place for place, part in enumerate(rest) if len(part) == 1), len(rest))
    cases = {4: str.capitalize, 2: str.upper}
    cased = [cases.get(len(part), str.lower)(part) for part in rest[:end]]
    return "-".join([first, *cased, *rest[end:]])


def check_language_tag(tag: str) -> None:
    """Refuse a tag that is not BCP 47, or not in the case of the registry (RFC 9728 §2.1)."""
    check_language(tag)
    if tag != registry_case(tag):
        text = _("write the language tag %(tag)s as %(other)s")
        raise Problem(text, tag=repr(tag), other=repr(registry_case(tag)))
