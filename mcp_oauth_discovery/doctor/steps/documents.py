"""Is each document a JSON object, declared as one, without empty members or cookies?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY, TYPESCRIPT_BASED, Client
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import phrase, shown
from mcp_oauth_discovery.doctor.steps.exchanges import are_read
from mcp_oauth_discovery.doctor.steps.outside import (
    IN_ITS_DOCUMENT,
    is_outside,
    issuer_advised,
    readvised,
    reported,
)
from mcp_oauth_discovery.doctor.steps.values import hidden
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.doctor.walk.reading import Unreadable
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.metadata import has_value

_JSON = ("application/json", "application/jwk-set+json")

DOCUMENT_HTML = Entry(
    code="document-html",
    severity=Severity.ERROR,
    seen=_("The answer is an HTML page instead of a JSON document."),
    expected=_("a JSON document, or 404"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=EVERY,
    fix=_(
        "Route /.well-known/ before the catch-all route that answers now, often that of a "
        "single-page app."
    ),
    django_fix=_(
        "Route /.well-known/ to Django before the catch-all route that answers now, often that of "
        "a single-page app."
    ),
    explains=("suffix-html", "oauth-endpoint-html", "as-openid-incomplete"),
)
DOCUMENT_NOT_JSON = Entry(
    code="document-not-json",
    severity=Severity.ERROR,
    seen=_("The body is not JSON."),
    expected=_("JSON in UTF-8 without a byte order mark"),
    section="RFC 8259 §8.1",
    clients=EVERY,
    fix=_("Serve the document with a JSON serialiser."),
    django_fix=_("Serve the document with JsonResponse, or with the views of this app."),
)
DOCUMENT_BYTE_ORDER_MARK = Entry(
    code="document-byte-order-mark",
    severity=Severity.ERROR,
    seen=_("The body begins with a byte order mark."),
    expected=_("JSON in UTF-8 without a byte order mark"),
    section="RFC 8259 §8.1",
    # Their JSON parsers (pydantic, encoding/json, serde_json) stop at a byte order mark.
    clients=(Client.PYTHON, Client.GO, Client.RUST),
    fix=_(
        "Save the file of the document as UTF-8 without a byte order mark. Some editors, and "
        "PowerShell on Windows, add it."
    ),
)
DOCUMENT_NOT_OBJECT = Entry(
    code="document-not-object",
    severity=Severity.ERROR,
    seen=_("The document is not a JSON object."),
    expected=_("an object whose members are the metadata"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=EVERY,
    fix=_("Serve a JSON object as the document, with the metadata as its members."),
    django_fix=_("Return a dict from get_document() of the view that serves the document."),
)
DOCUMENT_CONTENT_TYPE = Entry(
    code="document-content-type",
    severity=Severity.ERROR,
    seen=_("The Content-Type is not application/json."),
    expected="Content-Type: application/json",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=(Client.GO,),
    fix=_(
        "Serve the document with Content-Type: application/json. Web servers do not know the type "
        "of files without an extension."
    ),
    django_fix=_(
        "Serve the document with JsonResponse. If the web server serves it as a file without an "
        "extension, set Content-Type: application/json there."
    ),
)
DOCUMENT_NULL = Entry(
    code="document-null",
    severity=Severity.ERROR,
    seen=_("A member is null."),
    expected=_("members without a value are left out"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=TYPESCRIPT_BASED,
    fix=_("Leave members that are null out of the document."),
)
DOCUMENT_EMPTY = Entry(
    code="document-empty",
    severity=Severity.WARNING,
    seen=_("A member is an empty list, string or object."),
    expected=_("members without a value are left out"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    fix=_("Leave members without a value out of the document."),
    django_fix=_(
        "Leave members without a value out of the document. In MCP_RESOURCE_METADATA and "
        "MCP_AUTHORIZATION_SERVER_METADATA, None removes a member."
    ),
)
DOCUMENT_DUPLICATE = Entry(
    code="document-duplicate",
    severity=Severity.ERROR,
    seen=_("A member appears twice."),
    expected=_("each member once"),
    section="RFC 8259 §4",
    fix=_("Keep one of the members that have the same name: clients differ in which one they use."),
)
DOCUMENT_HIDDEN = Entry(
    code="document-hidden",
    severity=Severity.WARNING,
    seen=_("A text for people has control characters, or characters that hide or reorder it."),
    expected=_("visible text on one line"),
    section="RFC 9728 §2.1, RFC 8259 §7, Unicode UTR 36",
    fix=_(
        "Remove the control characters and the hidden characters from the text: people may read "
        "another name than the one that was written."
    ),
    django_fix=_(
        "Remove the control characters and the hidden characters from MCP_RESOURCE_METADATA, "
        "MCP_RESOURCES or MCP_AUTHORIZATION_SERVER_METADATA."
    ),
)
DOCUMENT_COOKIE = Entry(
    code="document-cookie",
    severity=Severity.WARNING,
    seen=_("A public document sets a cookie."),
    expected=_("no Set-Cookie"),
    section="RFC 9111 §7.3",
    fix=_("Answer requests for the public documents before sessions, logins and redirects."),
    django_fix=_(
        "Put DiscoveryMiddleware first in MIDDLEWARE, before session and CSRF middleware."
    ),
    explains=("cache-vary",),
)

_ENTRY_OF = {
    Unreadable.HTML: DOCUMENT_HTML,
    Unreadable.NOT_JSON: DOCUMENT_NOT_JSON,
    Unreadable.NOT_OBJECT: DOCUMENT_NOT_OBJECT,
}


def unreadable(walk: Walk) -> Iterator[Finding]:
    """Report documents that are not JSON objects; a redirect to a page has its own finding."""
    for document in walk.tried:
        if document.reading.fault is Unreadable.HTML and document.exchange.hops:
            continue
        if document.exchange.intermediary:
            continue
        answer = document.exchange.answer
        is_encoded = answer is not None and answer.header("content-encoding") is not None
        if document.reading.fault and not is_encoded:
            problem = {"problem": phrase(document.reading.detail)}
            observation = gettext("200 with %(problem)s") % problem
            clients: tuple[Client, ...] | None = None
            if walk.is_spare(document):
                # The TypeScript SDK stops at unreadable metadata; the others continue.
                clients = () if document.role is Role.JWKS else TYPESCRIPT_BASED
            entry = _ENTRY_OF[document.reading.fault]
            result = finding(entry, document.url, observation, clients=clients)
            if walk.is_spare(document):
                yield readvised(walk, result, gettext(IN_ITS_DOCUMENT))
            else:
                # A page in place of the metadata is that of another site or path.
                yield issuer_advised(walk, document, result)


def marked(walk: Walk) -> Iterator[Finding]:
    """Report documents that begin with a byte order mark, which JSON does not allow."""
    for document in walk.tried:
        if document.reading.has_mark:
            clients = () if document.role is Role.JWKS else None
            yield finding(DOCUMENT_BYTE_ORDER_MARK, document.url, clients=clients)


def content_type(walk: Walk) -> Iterator[Finding]:
    for document in walk.published:
        answer = document.exchange.answer
        declared = (answer.header("content-type") if answer else None) or ""
        allowed = _JSON if document.role is Role.JWKS else _JSON[:1]
        if declared.partition(";")[0].strip().lower() not in allowed:
            observation = (
                f"Content-Type: {shown(declared)}."
                if declared
                else gettext("There is no Content-Type.")
            )
            yield finding(DOCUMENT_CONTENT_TYPE, document.url, observation)


def without_value(walk: Walk) -> Iterator[Finding]:
    """Report members that are null or empty; the list of keys may be empty.

    No client fails on an empty member, and an outside provider decides about its own.
    """
    for document in walk.published:
        may_be_empty = document.role is Role.JWKS or is_outside(walk, document.url)
        for name, value in document.content.items():
            values = {"name": shown(name), "value": shown(value)}
            if value is None:
                text = gettext("%(name)s is null.")
                yield finding(DOCUMENT_NULL, document.url, text % values)
            elif not has_value(value) and not may_be_empty:
                text = gettext("%(name)s is %(value)s.")
                if value == "":
                    text = gettext("%(name)s is an empty string.")
                yield finding(DOCUMENT_EMPTY, document.url, text % values)


def duplicates(walk: Walk) -> Iterator[Finding]:
    for document in walk.published:
        for name in document.reading.duplicates:
            observation = gettext("%(name)s appears twice.") % {"name": shown(name)}
            yield finding(DOCUMENT_DUPLICATE, document.url, observation)


def hidden_characters(walk: Walk) -> Iterator[Finding]:
    """Report them in each text of the metadata, such as `resource_name#ja`."""
    for document in walk.published:
        for name, value in document.content.items():
            characters = hidden(value) if document.role is not Role.JWKS else ""
            if characters:
                text = gettext("%(name)s is %(value)s, with %(characters)s.")
                values = {"name": shown(name), "value": shown(value), "characters": characters}
                yield finding(DOCUMENT_HIDDEN, document.url, text % values)


def set_cookies(walk: Walk) -> Iterator[Finding]:
    """Report cookies of this site. Login services set theirs with every answer."""
    for document in walk.published:
        if is_outside(walk, document.url):
            continue
        answer = document.exchange.answer
        cookies = answer.all("set-cookie") if answer else []
        if names := [cookie.partition("=")[0] for cookie in cookies]:
            observation = f"Set-Cookie: {shown(', '.join(names))}."
            yield finding(DOCUMENT_COOKIE, document.url, observation)


def can_pass(walk: Walk) -> bool:
    return bool(walk.published) and are_read(walk)


STEP = Step(
    name="documents",
    title=_("Documents"),
    holds=_("each is one JSON object, declared as JSON, without empty members or cookies"),
    entries=(
        DOCUMENT_HTML,
        DOCUMENT_NOT_JSON,
        DOCUMENT_BYTE_ORDER_MARK,
        DOCUMENT_NOT_OBJECT,
        DOCUMENT_CONTENT_TYPE,
        DOCUMENT_NULL,
        DOCUMENT_EMPTY,
        DOCUMENT_DUPLICATE,
        DOCUMENT_HIDDEN,
        DOCUMENT_COOKIE,
    ),
    rules=(
        unreadable,
        *map(reported, (marked, content_type, without_value, duplicates, hidden_characters)),
        set_cookies,
    ),
    can_pass=can_pass,
    is_about_answers=True,
)
