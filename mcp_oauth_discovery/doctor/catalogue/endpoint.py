"""What can be wrong with the MCP endpoint and its challenge."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.clients import EVERY, Client
from mcp_oauth_discovery.doctor.findings import Entry, Group, Severity

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_TYPESCRIPT = (Client.TYPESCRIPT, Client.INSPECTOR)
# According to public reports, Claude needs the URL in the challenge, and ChatGPT a challenge.
_LED = (Client.CLAUDE, Client.CHATGPT)

ENDPOINT = Group(
    "endpoint",
    "MCP endpoint",
    "POST without a token is answered with 401, and GET does not contradict it",
    (
        Entry(
            "endpoint-not-found", _ERROR, "There is no MCP endpoint at this URL.",
            "401 to a POST without a token", "MCP authorization, token handling", EVERY,
            "Correct the URL, or route it. Mind the final slash: /mcp and /mcp/ are two URLs.",
        ),
        Entry(
            "endpoint-not-routed", _INFO, "The URLconf has no MCP endpoint at this path.",
            "a route, or an MCP server beside Django", "MCP transports, Streamable HTTP", (),
            "If something else serves the path, run the check again with the URL. If the server "
            "mounts Django below a prefix, set FORCE_SCRIPT_NAME. Otherwise route the path, or "
            "correct MCP_RESOURCE.",
        ),
        Entry(
            "endpoint-open", _WARNING, "The endpoint answers a POST without a token.",
            "401, which is what makes a client sign in", "MCP authorization, token handling", (),
            "If the endpoint is to be protected, refuse requests without a token before anything "
            "else.",
        ),
        Entry(
            "endpoint-parses-first", _WARNING,
            "The empty POST is refused for what it is, not for the token that it lacks.",
            "401 before the body is looked at", "RFC 6750 §3.1", (),
            "Check the token before the body, the method and the headers.",
        ),
        Entry(
            "endpoint-forbidden", _ERROR, "A POST without a token is answered with 403.",
            "401 with a challenge; no client starts a sign-in from 403 without one",
            "RFC 6750 §3.1, RFC 9110 §15.5.2", EVERY,
            "With Django REST framework, put the bearer authentication first in "
            "authentication_classes: the first one decides between 401 and 403.",
        ),
        Entry(
            "endpoint-csrf", _ERROR, "CSRF protection refuses the POST.",
            "401 with a challenge", "RFC 6750 §3.1", EVERY,
            "Mark the endpoint csrf_exempt: MCP clients have a token, not a cookie.",
        ),
        Entry(
            "endpoint-method", _ERROR, "The endpoint does not take POST.",
            "POST, with 401 if there is no token", "MCP transports, Streamable HTTP", EVERY,
            "Give clients the URL of the endpoint itself, and allow POST there.",
        ),
        Entry(
            "endpoint-html", _ERROR, "The endpoint answers with an HTML page.",
            "401 with a challenge", "MCP authorization, token handling", EVERY,
            "Another route comes first, often that of a single-page app or a login page.",
        ),
        Entry(
            "endpoint-get", _WARNING, "GET at the endpoint is answered unlike POST.",
            "401 or 405 to GET without a token", "MCP transports, Streamable HTTP", (),
            "Protect GET as POST is: clients open a stream with it.",
        ),
    ),
)  # fmt: skip

CHALLENGE = Group(
    "challenge",
    "Challenge",
    "one Bearer challenge that leads to the metadata",
    (
        Entry(
            "challenge-missing", _ERROR, "The 401 has no WWW-Authenticate header.",
            'WWW-Authenticate: Bearer resource_metadata="…"',
            "RFC 9110 §11.6.1, RFC 9728 §5.1", _LED,
            "Answer with mcp_oauth_discovery.challenge.unauthorized(request).",
        ),
        Entry(
            "challenge-malformed", _ERROR, "The challenge does not follow the grammar.",
            "a scheme, then name=value pairs between commas, each once, URLs in quotes",
            "RFC 9110 §11.2", (Client.GO,),
            "Build it with mcp_oauth_discovery.challenge, which quotes what has to be quoted.",
        ),
        Entry(
            "challenge-not-bearer", _ERROR, "No challenge has the scheme Bearer.",
            "a Bearer challenge", "RFC 6750 §3", _LED,
            "Another authentication class comes first: put the bearer one before it.",
        ),
        Entry(
            "challenge-not-first", _WARNING, "Another challenge comes before Bearer.",
            "Bearer first", "RFC 6750 §3", _TYPESCRIPT,
            "Put the bearer authentication first, or leave the other one out of the endpoint.",
        ),
        Entry(
            "challenge-several", _WARNING, "There is more than one Bearer challenge.",
            "one", "RFC 9110 §11.6.1", (),
            "Let one layer alone answer 401: the proxy or the application.",
        ),
        Entry(
            "challenge-no-metadata", _WARNING, "The challenge has no resource_metadata.",
            "resource_metadata with the URL of the metadata",
            "RFC 9728 §5.1, MCP authorization (2025-06-18), metadata location", (Client.CLAUDE,),
            "Answer with mcp_oauth_discovery.challenge.unauthorized(request). Without it, clients "
            "have to guess the address.",
        ),
        Entry(
            "challenge-metadata-invalid", _ERROR, "resource_metadata is not an absolute URL.",
            "an absolute https URL without fragment", "RFC 9728 §5.1", (Client.PYTHON,),
            "Name the URL with scheme and host.",
        ),
        Entry(
            "challenge-metadata-http", _ERROR, "resource_metadata is http, the endpoint is https.",
            "an https URL", "RFC 9728 §5.1, §7.1", _TYPESCRIPT,
            "Set SECURE_PROXY_SSL_HEADER, or pin MCP_ISSUER and MCP_RESOURCE.",
        ),
        Entry(
            "challenge-metadata-offsite", _WARNING, "resource_metadata is on another origin.",
            "a URL on the origin of the endpoint", "RFC 9728 §7.7", (Client.RUST,),
            "Pin MCP_RESOURCE to the URL that clients use.",
        ),
        Entry(
            "challenge-error", Severity.INFO,
            "The challenge has an error although no token was sent.",
            "no error without a token", "RFC 6750 §3.1", (),
            "Leave error out until a token is presented: clients may drop what they have.",
        ),
        Entry(
            "challenge-scope", _ERROR, "The scope of the challenge is not a list of scopes.",
            "scope tokens with one blank between them", "RFC 6749 §3.3", EVERY,
            "Write the scopes with single blanks, without commas and quotes.",
        ),
        Entry(
            "challenge-differs", _WARNING, "GET and POST are challenged differently.",
            "one challenge for one resource", "RFC 9728 §5.1", (),
            "Let the same code answer both.",
        ),
    ),
)  # fmt: skip
