"""What to do beside Django, for the codes whose fix names Django or this app."""

from __future__ import annotations

_OPEN = "Send Access-Control-Allow-Origin: * with the documents"
_CLOSE = "Answer for the public documents before sessions, logins and redirects do."

FIXES = {
    "reach-name": "Publish the DNS record, or correct the host in the documents.",
    "reach-private": "Put the public host into the documents.",
    "redirect-https": "Tell the application that the proxy ended TLS, by X-Forwarded-Proto, and "
    "have it believe that header.",
    "redirect-slash": "Route the URL as it is published: a POST loses its body on the way to the "
    "other spelling.",
    "redirect-www": "Use the host that the site redirects to in the documents, or do not redirect.",
    "redirect-language": "Route it outside of what has a language in its path.",
    "redirect-login": "Except the documents and the endpoint from the login; the endpoint answers "
    "401.",
    "redirect-other": "Find the redirect in the proxy or the application, and answer directly.",
    "redirect-loop": "Two rules contradict each other, often one to https in the application and "
    "one to http in the proxy: let one of them decide.",
    "answer-server-error": "Read the log of the site. Clients take a 5xx for the end of the walk.",
    "answer-forbidden": "Let everybody read the documents: the proxy, the firewall and the "
    "application have to pass /.well-known/.",
    "answer-bad-request": "Have the application know its public host, and the proxy pass Host on.",
    "answer-encoded": "Compress only what Accept-Encoding asks for.",
    "document-html": "A catch-all route, often of a single-page app, answers: route /.well-known/ "
    "to whatever has the documents before it.",
    "document-not-object": "Serve an object.",
    "document-content-type": "Set the type; web servers do not know that of files without an "
    "extension.",
    "document-cookie": _CLOSE,
    "endpoint-forbidden": "Answer 401 with a challenge where there is no token; 403 is for tokens "
    "that do not reach.",
    "endpoint-csrf": "Except the endpoint from it: MCP clients have a token, not a cookie.",
    "challenge-missing": "Send the header with every 401, and let no proxy take it off.",
    "challenge-malformed": "Quote what has to be quoted, URLs above all.",
    "challenge-no-metadata": "Add it. Without it, clients have to guess the address.",
    "challenge-metadata-http": "Tell the application that the proxy ended TLS, or give it its "
    "public URL.",
    "challenge-metadata-offsite": "Name the URL on the host that clients use.",
    "prm-not-found": "Serve it there, and have the proxy pass /.well-known/ on.",
    "prm-path-not-found": "Serve it at the well-known URL with the path of the endpoint as well.",
    "prm-challenge-not-found": "Name the URL at which the document is.",
    "prm-resource-missing": "Add resource.",
    "prm-resource-invalid": "Set resource to the URL of the endpoint.",
    "prm-resource-scheme": "A proxy ended TLS: tell the application so, or give it its public URL.",
    "prm-resource-mismatch": "Set resource to the URL that clients use, in its very spelling.",
    "prm-resource-not-exact": "Set resource to the URL that clients use, in its very spelling.",
    "prm-member-invalid": "Correct it.",
    "prm-servers-missing": "Name the issuers of the tokens, the site itself if it issues them.",
    "as-issuer-mismatch": "Write one spelling in both places. If it is http for https, tell the "
    "application that the proxy ended TLS, or give it its public URL.",
    "as-member-invalid": "Correct it.",
    "as-endpoint-http": "Announce https URLs; behind a proxy, tell the application its public URL.",
    "oauth-endpoint-not-found": "Announce the URL at which the endpoint is.",
    "oauth-endpoint-redirect": "Announce the URL that it redirects to, if that is the endpoint.",
    "oauth-endpoint-cors": "Answer the preflights of the token and registration endpoints.",
    "cors-document": f"{_OPEN}.",
    "cors-document-preflight": f"{_OPEN}, and answer OPTIONS before any authentication.",
    "cors-endpoint": "Send the CORS headers with the 401 as well, from above whatever answers it.",
    "cors-endpoint-closed": "Allow the origins of those pages, or name one that is allowed with "
    "--origin.",
    "cors-endpoint-preflight": "Answer OPTIONS above the authentication.",
    "cors-endpoint-headers": "Name them in Access-Control-Allow-Headers. The wildcard does not "
    "cover authorization.",
    "cors-exposed": "Name it in Access-Control-Expose-Headers.",
    "cors-credentials": "Do not allow credentials: tokens travel in a header.",
    "cache-long": "Lower the lifetime, in the application or in the proxy.",
    "cache-vary": _CLOSE,
    "host-reflected": "Build the documents from the configuration, and refuse unknown hosts.",
    "host-reflected-cached": "Build the documents from the configuration at once: one request can "
    "send every client to a stranger's server.",
    "forwarded-reflected": "Have the proxy overwrite these headers, and believe none without one.",
    "jwks-private": "Revoke the key at once: everybody can sign with it.",
    "jwks-weak": "Rotate to a longer key.",
    "jwks-empty": "Publish the key that signs.",
    "jwks-cannot-sign": "Publish a key that signs, and configure the issuer.",
    "jwks-unserved": "Publish a key for it, or shorten the list.",
}
