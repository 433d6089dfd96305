"""What can be wrong with any answer: no connection, redirects, errors, not a JSON document."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.clients import EVERY, Client
from mcp_oauth_discovery.doctor.findings import Entry, Group, Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_TYPESCRIPT = (Client.TYPESCRIPT, Client.INSPECTOR)
# Their JSON parsers (pydantic, encoding/json, serde_json) stop at a byte order mark.
_NO_MARK = (Client.PYTHON, Client.GO, Client.RUST)
# These follow no redirect to another origin; the Python SDK follows none at all.
_STAY = (Client.PYTHON, *_TYPESCRIPT, Client.RUST)

REACH = Group(
    "reach",
    "Connection",
    "every address was reached, over TLS or on this machine",
    (
        Entry(
            "reach-name", _ERROR, "The host name does not resolve.",
            "a public DNS record for the host", "RFC 9110 §4.3.3", EVERY,
            "Publish the DNS record, or correct the host in MCP_ISSUER and MCP_RESOURCE.",
        ),
        Entry(
            "reach-refused", _ERROR, "Nothing answers at that host and port.",
            "an HTTP server", "RFC 9110 §4.3.3", EVERY,
            "Start the server, open the port, and check where the proxy in front listens.",
        ),
        Entry(
            "reach-tls", _ERROR, "The TLS handshake fails.",
            "a certificate that public authorities vouch for, with its whole chain",
            "RFC 9110 §4.3.4", EVERY,
            "Install a certificate for this very host name, with the intermediate certificates.",
        ),
        Entry(
            "reach-timeout", _ERROR, "The answer was not whole in time.",
            "a whole answer within seconds", "RFC 9110 §15.6.5", EVERY,
            "Look for a view that waits: the database, a call to another server, too few workers.",
        ),
        Entry(
            "reach-broken", _ERROR, "What came is not an HTTP answer, or only part of one.",
            "a well-formed HTTP/1.1 answer as long as its Content-Length says",
            "RFC 9112 §6", EVERY,
            "Ask the application server directly; if that answer is whole, the proxy breaks it.",
        ),
        Entry(
            "reach-plain-http", _ERROR, "The URL is plain http on a host that is not loopback.",
            "https; http is for loopback hosts only",
            "MCP authorization, communication security", EVERY,
            "Serve the site over TLS, and give clients the https URL.",
        ),
        Entry(
            "reach-private", _ERROR,
            "A document of a public site names a host at a private address; it was not contacted.",
            "hosts that clients on the Internet can reach", "RFC 9728 §7.7", EVERY,
            "Put the public host into MCP_ISSUER, MCP_RESOURCE and MCP_AUTHORIZATION_SERVERS.",
        ),
        Entry(
            "reach-cut", _WARNING, "The time for all requests is over; the rest was not asked.",
            "some sixty answers within ninety seconds", "MCP authorization, discovery", EVERY,
            "Mend what is slow, or give the check more time with --budget.",
        ),
    ),
)  # fmt: skip

ANSWERS = Group(
    "answers",
    "Answers",
    "no redirects, no errors, no logins in the way, and quick enough",
    (
        Entry(
            "redirect-https", _ERROR, "The answer is a redirect to the https URL it came from.",
            "a direct answer", "RFC 9728 §3.2, RFC 8414 §3.2", _STAY,
            "Django does not know that the proxy ended TLS: set SECURE_PROXY_SSL_HEADER for "
            "SECURE_SSL_REDIRECT, and have the proxy set that header.",
        ),
        Entry(
            "redirect-slash", _ERROR, "The answer is a redirect that differs in a final slash.",
            "a direct answer at the URL as it is published", "RFC 9728 §3.2, RFC 8414 §3.2",
            (Client.PYTHON,),
            "Route the URL as it is published. APPEND_SLASH redirects to the other spelling, and "
            "a POST loses its body on the way.",
        ),
        Entry(
            "redirect-www", _ERROR, "The answer is a redirect to the host with or without www.",
            "a direct answer at the host that the identifiers name",
            "RFC 9728 §3.2, RFC 8414 §3.2", _STAY,
            "Use the host that the site redirects to in MCP_ISSUER and MCP_RESOURCE, or turn off "
            "PREPEND_WWW.",
        ),
        Entry(
            "redirect-language", _ERROR, "The answer is a redirect to a path with a language.",
            "one URL for all languages", "RFC 9728 §3.2, RFC 8414 §3.2", (Client.PYTHON,),
            "Route it outside i18n_patterns(): LocaleMiddleware redirects what is inside.",
        ),
        Entry(
            "redirect-login", _ERROR, "The answer is a redirect to a login page.",
            "an answer without a login; 401 from the MCP endpoint",
            "RFC 9728 §3.2, RFC 6750 §3", EVERY,
            "Put DiscoveryMiddleware first, or mark the view login_not_required: "
            "LoginRequiredMiddleware or login_required sends clients to LOGIN_URL.",
        ),
        Entry(
            "redirect-offsite", _ERROR, "The answer is a redirect to another host; not followed.",
            "a direct answer", "RFC 9728 §3.2, RFC 8414 §3.2", _STAY,
            "Answer at the host that the identifiers name, or name the host that answers.",
        ),
        Entry(
            "redirect-other", _ERROR, "The answer is a redirect.",
            "a direct answer", "RFC 9728 §3.2, RFC 8414 §3.2", (Client.PYTHON,),
            "Find the redirect in the proxy or the URLconf, and answer directly.",
        ),
        Entry(
            "redirect-loop", _ERROR, "The redirects come back to where they began.",
            "a direct answer", "RFC 9110 §15.4", EVERY,
            "Two rules contradict each other, often SECURE_SSL_REDIRECT in Django and https to "
            "http in the proxy: set SECURE_PROXY_SSL_HEADER.",
        ),
        Entry(
            "answer-firewall", _ERROR,
            "A firewall or a login service answers in place of the site.",
            "the answer of the site", "RFC 9728 §3.2, RFC 6750 §3", EVERY,
            "Exempt /.well-known/ and the MCP endpoint there: clients cannot solve a challenge or "
            "log in.",
        ),
        Entry(
            "answer-server-error", _ERROR, "The answer is a server error.",
            "200, or 404 where there is nothing", "RFC 9110 §15.6", EVERY,
            "Read the log of the site. Clients take a 5xx for the end of the walk. "
            "manage.py check names a setting that cannot be right.",
        ),
        Entry(
            "answer-forbidden", _ERROR, "A public document asks for credentials, or is forbidden.",
            "200 for everybody", "RFC 9728 §3.2", EVERY,
            "Put DiscoveryMiddleware first, and let the proxy or firewall pass /.well-known/.",
        ),
        Entry(
            "answer-bad-request", _ERROR, "A plain GET is a bad request.",
            "200, or 404 where there is nothing", "RFC 9110 §15.5.1", EVERY,
            "Add the public host to ALLOWED_HOSTS, and have the proxy pass Host on.",
        ),
        Entry(
            "answer-unexpected", _ERROR, "The status is none that clients know what to do with.",
            "200, or 404 where there is nothing; 401 from the MCP endpoint",
            "RFC 9728 §3.2, RFC 8414 §3.2", EVERY,
            "Look at what stands in front: a limit on the rate, a firewall, a cache.",
        ),
        Entry(
            "answer-too-large", _ERROR,
            "The document is larger than 256 KiB; the rest was not read.",
            "a few kilobytes", "RFC 9728 §3.2", (),
            "Find what fills it. The Go SDK, for one, reads no more than 1 MiB.",
        ),
        Entry(
            "answer-slow", _WARNING, "The answer took longer than three seconds.",
            "an answer within a second", "MCP authorization, discovery", EVERY,
            "The documents need no database but for the keys. Look for middleware that waits.",
        ),
        Entry(
            "answer-encoded", _WARNING, "The answer is compressed although nobody asked for it.",
            "no Content-Encoding for Accept-Encoding: identity", "RFC 9110 §12.5.3", EVERY,
            "Let the proxy or GZipMiddleware look at Accept-Encoding.",
        ),
    ),
)  # fmt: skip

DOCUMENTS = Group(
    "documents",
    "Documents",
    "each is one JSON object, labelled as JSON, without empty members or cookies",
    (
        Entry(
            "document-html", _ERROR, "An HTML page is where a JSON document belongs.",
            "a JSON document, or 404", "RFC 9728 §3.2, RFC 8414 §3.2", EVERY,
            "A catch-all route, often of a single-page app, answers: route /.well-known/ to "
            "Django before it.",
        ),
        Entry(
            "document-not-json", _ERROR, "The body is not JSON.",
            "JSON in UTF-8 without a byte order mark", "RFC 8259 §8.1", EVERY,
            "Serve the document with a JSON serialiser.",
        ),
        Entry(
            "document-byte-order-mark", _ERROR, "The body begins with a byte order mark.",
            "JSON in UTF-8 without a byte order mark", "RFC 8259 §8.1", _NO_MARK,
            "Save it as UTF-8 without the mark. Some editors and PowerShell on Windows add one.",
        ),
        Entry(
            "document-not-object", _ERROR, "The document is not a JSON object.",
            "an object whose members are the metadata", "RFC 9728 §3.2, RFC 8414 §3.2", EVERY,
            "Return a dict from get_document().",
        ),
        Entry(
            "document-content-type", _ERROR, "The Content-Type is not application/json.",
            "Content-Type: application/json", "RFC 9728 §3.2, RFC 8414 §3.2", (Client.GO,),
            "Use JsonResponse, or set the type of files without extension in the web server.",
        ),
        Entry(
            "document-null", _ERROR, "A member is null.",
            "absent members are left out", "RFC 9728 §3.2, RFC 8414 §3.2", _TYPESCRIPT,
            "Leave the member out.",
        ),
        Entry(
            "document-empty", _WARNING, "A member is an empty list, string or object.",
            "members without a value are left out", "RFC 9728 §3.2, RFC 8414 §3.2", (),
            "Leave the member out.",
        ),
        Entry(
            "document-duplicate", _ERROR, "A member is there twice.",
            "each member once", "RFC 8259 §4", (),
            "Remove one: clients differ in which they take.",
        ),
        Entry(
            "document-cookie", _WARNING, "A public document sets a cookie.",
            "no Set-Cookie", "RFC 9111 §7.3", (),
            "Put DiscoveryMiddleware first, before session and CSRF middleware.",
        ),
    ),
)  # fmt: skip
