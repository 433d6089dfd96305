"""What can be wrong around the documents: endpoints, CORS, caches, hosts, load."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.clients import BROWSERS, EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Group, Severity
from mcp_oauth_discovery.standards.mcp_headers import REQUEST_HEADERS

_CRITICAL, _ERROR = Severity.CRITICAL, Severity.ERROR
_WARNING, _INFO = Severity.WARNING, Severity.INFO

OAUTH_ENDPOINTS = Group(
    "oauth-endpoints",
    "OAuth endpoints",
    "those on this origin answer as endpoints do",
    (
        Entry(
            "oauth-endpoint-not-found", _ERROR, "There is nothing at an announced endpoint.",
            "an endpoint; not 404", "RFC 8414 §2", EVERY,
            "Name the endpoint by its URL pattern, such as 'oauth2_provider:token', in "
            "MCP_AUTHORIZATION_SERVER_METADATA, or route the path.",
        ),
        Entry(
            "oauth-endpoint-unseen", _WARNING,
            "GET finds nothing at an announced endpoint; perhaps it takes POST alone.",
            "an endpoint; 405 to a method that it does not take", "RFC 9110 §15.5.6", EVERY,
            "Post to it with curl: 400 or 401 is well, 404 means that the path is wrong.",
        ),
        Entry(
            "oauth-endpoint-html", _WARNING, "An HTML page is where an announced endpoint belongs.",
            "400, 401 or 405 to GET without parameters", "RFC 6749 §5.2, RFC 7591 §3.2.2", EVERY,
            "Have the catch-all route of a single-page app come after the endpoint.",
        ),
        Entry(
            "oauth-endpoint-redirect", _ERROR, "An announced endpoint redirects.",
            "the URL of the endpoint itself; a POST does not survive a redirect",
            "RFC 9110 §15.4", EVERY,
            "Announce the URL with its final slash as routed; a URL pattern's name gets it right.",
        ),
        Entry(
            "oauth-endpoint-error", _ERROR, "An announced endpoint is a server error.",
            "400 to a request without parameters", "RFC 6749 §5.2", EVERY,
            "Read the log of the site.",
        ),
        Entry(
            "oauth-endpoint-cors", _WARNING, "A page may not post to the endpoint.",
            "a preflight that allows POST from any origin", "Fetch, CORS-preflight fetch", BROWSERS,
            "Cover the token and registration endpoints with django-cors-headers.",
        ),
    ),
)  # fmt: skip

CORS = Group(
    "cors",
    "CORS",
    "a page of any origin can read the documents and speak to the endpoint",
    (
        Entry(
            "cors-document", _ERROR, "A page may not read a public document.",
            "Access-Control-Allow-Origin: *", "Fetch, CORS check", BROWSERS,
            "Put DiscoveryMiddleware first, before CorsMiddleware.",
        ),
        Entry(
            "cors-document-preflight", _ERROR, "The preflight of a document fails.",
            "2xx to OPTIONS, with mcp-protocol-version allowed", "Fetch, CORS-preflight fetch",
            BROWSERS,
            "Put DiscoveryMiddleware first, before CorsMiddleware and any authentication.",
        ),
        Entry(
            "cors-endpoint", _WARNING, "A page may not read the 401 of the endpoint.",
            "Access-Control-Allow-Origin on the 401 as well", "Fetch, CORS check", BROWSERS,
            "Cover the endpoint with django-cors-headers, CorsMiddleware above whatever answers "
            "401.",
        ),
        Entry(
            "cors-endpoint-closed", _INFO, "Pages of other origins may not use the endpoint.",
            "their origins allowed, if clients in a browser are wanted", "Fetch, CORS check", (),
            "Add the origins to CORS_ALLOWED_ORIGINS, or name one that is allowed with --origin.",
        ),
        Entry(
            "cors-endpoint-preflight", _WARNING, "The preflight of the endpoint fails.",
            "2xx to OPTIONS, before authentication", "Fetch, CORS-preflight fetch", BROWSERS,
            "Cover the endpoint with django-cors-headers, CorsMiddleware above authentication.",
        ),
        Entry(
            "cors-endpoint-headers", _WARNING,
            "The preflight of the endpoint lacks headers that clients send.",
            ", ".join(REQUEST_HEADERS),
            "Fetch, CORS-preflight fetch", BROWSERS,
            "CORS_ALLOW_HEADERS = MCP_REQUEST_HEADERS from mcp_oauth_discovery.cors. The wildcard "
            "does not cover authorization.",
        ),
        Entry(
            "cors-endpoint-methods", _INFO, "A page may not send DELETE to the endpoint.",
            "DELETE in Access-Control-Allow-Methods, if the endpoint has sessions; GET and POST "
            "need no permission",
            "Fetch, CORS-preflight fetch", (),
            "Allow DELETE, with which clients end a session, or have none.",
        ),
        Entry(
            "cors-exposed", _WARNING, "Scripts may not read WWW-Authenticate.",
            "Access-Control-Expose-Headers: WWW-Authenticate", "Fetch, CORS filtered response",
            BROWSERS,
            "CORS_EXPOSE_HEADERS = MCP_EXPOSED_HEADERS from mcp_oauth_discovery.cors.",
        ),
        Entry(
            "cors-credentials", _WARNING, "Credentials are allowed to every origin.",
            "no Access-Control-Allow-Credentials", "Fetch, CORS check", BROWSERS,
            "Leave CORS_ALLOW_CREDENTIALS off: tokens travel in a header.",
        ),
    ),
)  # fmt: skip

CACHING = Group(
    "caching",
    "Caching",
    "short, explicit lifetimes; HEAD says what GET says",
    (
        Entry(
            "cache-missing", _INFO, "A document says nothing about caching.",
            "Cache-Control with max-age or no-store", "RFC 9111 §4.2.2", (),
            "Set Cache-Control: caches make up a lifetime of their own.",
        ),
        Entry(
            "cache-long", _WARNING, "A document may be cached for longer than a day.",
            "minutes or hours", "RFC 9111 §5.2.2.1", (),
            "Lower MCP_METADATA_MAX_AGE or MCP_JWKS_MAX_AGE, or the proxy's own lifetime.",
        ),
        Entry(
            "cache-stale", _WARNING, "A cache serves a document past its lifetime.",
            "Age below max-age", "RFC 9111 §4.2", (),
            "Purge the cache, and let it honour Cache-Control.",
        ),
        Entry(
            "cache-vary", _WARNING, "A document varies with everything, or with the cookie.",
            "no Vary: * and no Vary: Cookie", "RFC 9111 §4.1", (),
            "Put DiscoveryMiddleware first, before session and CSRF middleware.",
        ),
        Entry(
            "head-differs", _WARNING, "HEAD is answered unlike GET.",
            "the status and headers of GET", "RFC 9110 §9.3.2", (),
            "Allow HEAD wherever GET is allowed.",
        ),
    ),
)  # fmt: skip

HOSTS = Group(
    "hosts",
    "Forged hosts",
    "a forged Host, Forwarded or X-Forwarded-* changes nothing",
    (
        Entry(
            "host-reflected", _ERROR, "A forged Host ends up in a document.",
            "identifiers from the configuration, or a refusal", "RFC 9728 §7.3", (),
            "Pin MCP_ISSUER, and list the hosts in ALLOWED_HOSTS.",
        ),
        Entry(
            "host-reflected-cached", _CRITICAL,
            "A forged host or scheme ends up in a document that caches may keep.",
            "identifiers from the configuration, or no-store", "RFC 9728 §7.3, RFC 9111 §7.1",
            EVERY,
            "Pin MCP_ISSUER at once: one request can send every client to a stranger's server.",
        ),
        Entry(
            "forwarded-reflected", _ERROR,
            "A forged X-Forwarded-* or Forwarded header ends up in a document.",
            "identifiers from the configuration", "RFC 9728 §7.3, RFC 7239 §8.1", (),
            "Pin MCP_ISSUER. Have the proxy overwrite these headers, and unset "
            "USE_X_FORWARDED_HOST if there is none.",
        ),
    ),
)  # fmt: skip

SUFFIXES = Group(
    "suffixes",
    "Unknown addresses",
    "well-known URLs of nobody's are 404",
    (
        Entry(
            "suffix-echoed", _ERROR, "The metadata of an unknown path repeats the path.",
            "404", "RFC 9728 §3.3, §7.3", (),
            "List the resources; do not build the identifier from what was asked for.",
        ),
        Entry(
            "suffix-html", _ERROR, "An unknown well-known URL is a page.",
            "404", "RFC 9728 §3.2, RFC 8414 §3.2", (),
            "Keep the catch-all route away from /.well-known/: clients parse the page and stop.",
        ),
        Entry(
            "suffix-answered", _WARNING, "An unknown well-known URL has a document.",
            "404", "RFC 9728 §3.2, RFC 8414 §3.2", (),
            "Answer 404 for paths that belong to no resource and no issuer.",
        ),
    ),
)  # fmt: skip

LOAD = Group(
    "load",
    "Clients and load",
    "every user agent gets the same, also several times in a row",
    (
        Entry(
            "agent-dependent", _ERROR, "Some user agents get something else, or nothing.",
            "the same document for every User-Agent", "RFC 9110 §10.1.5", EVERY,
            "Let the firewall or bot protection pass /.well-known/ and the endpoint.",
        ),
        Entry(
            "burst-limited", _WARNING, "A handful of quick requests is too many.",
            "room for the ten requests of one client's walk", "RFC 6585 §4", EVERY,
            "Raise the limit: one sign-in makes about ten requests within a second.",
        ),
        Entry(
            "burst-fails", _ERROR, "A handful of quick requests makes the server fail.",
            "the same answer each time", "RFC 9110 §15.6", EVERY,
            "Look for too few workers, or database connections that run out.",
        ),
        Entry(
            "burst-differs", _ERROR, "The same request, made again, is answered in another way.",
            "the same document each time", "RFC 9111 §4.2", EVERY,
            "Look for an edge, a worker or a host that still has an older version.",
        ),
    ),
)  # fmt: skip

CHECK = Group(
    "check",
    "The check itself",
    "every step was completed",
    (
        Entry(
            "check-failed", _WARNING, "A step of the check failed with an exception of its own.",
            "a finding, whatever a site sends", "mcp_discovery check", (),
            "Report this as a bug, with the traceback in the log and the answer of the site. The "
            "findings of this step may be missing.",
        ),
    ),
)  # fmt: skip
