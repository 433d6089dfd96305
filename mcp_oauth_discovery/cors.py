"""CORS headers: lists for django-cors-headers in your settings, and those that this app sends."""

from __future__ import annotations

from corsheaders.defaults import default_headers

from mcp_oauth_discovery.standards.mcp_headers import EXPOSED_HEADERS, REQUEST_HEADERS

__all__ = [
    "DPOP_EXPOSED_HEADERS",
    "DPOP_REQUEST_HEADERS",
    "MCP_EXPOSED_HEADERS",
    "MCP_REQUEST_HEADERS",
]

#: Headers that MCP clients send, and the defaults of django-cors-headers: for
#: `CORS_ALLOW_HEADERS`. Add the `Mcp-Param-*` headers that your tools declare.
MCP_REQUEST_HEADERS = (
    *default_headers,
    *(name for name in REQUEST_HEADERS if name not in default_headers),
)

#: Headers that MCP clients read in a response: for `CORS_EXPOSE_HEADERS`.
MCP_EXPOSED_HEADERS = EXPOSED_HEADERS

#: What clients also send if a protection has `dpop`: add it to `CORS_ALLOW_HEADERS`.
DPOP_REQUEST_HEADERS = ("dpop",)

#: What clients also read if a protection has `dpop`: add it to `CORS_EXPOSE_HEADERS`.
DPOP_EXPOSED_HEADERS = ("dpop-nonce",)

# What the documents send with every answer.
DOCUMENT_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, OPTIONS",
}
# What the documents add in the answer to OPTIONS.
DOCUMENT_PREFLIGHT_HEADERS = {
    # Fetch Standard: the wildcard does not include Authorization.
    "Access-Control-Allow-Headers": "*, Authorization",
    "Access-Control-Max-Age": "86400",
}
# What a protected MCP endpoint sends in the answer to OPTIONS.
ENDPOINT_PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, POST",
    "Access-Control-Allow-Headers": ", ".join(["*", *MCP_REQUEST_HEADERS]),
    "Access-Control-Max-Age": "86400",
}
# What it sends there if its protection has `dpop`.
DPOP_PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Headers": ", ".join(["*", *MCP_REQUEST_HEADERS, *DPOP_REQUEST_HEADERS]),
}
