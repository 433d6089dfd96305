"""What can be wrong with the keys and with what is signed by them."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Group, Severity

_CRITICAL, _ERROR, _WARNING = Severity.CRITICAL, Severity.ERROR, Severity.WARNING

JWKS = Group(
    "jwks",
    "Keys",
    "well-formed public keys, each with its own kid",
    (
        Entry(
            "jwks-not-found", _ERROR, "jwks_uri does not lead to a JWK Set.",
            "a JWK Set", "RFC 8414 §2, RFC 7517 §5", (),
            "Correct jwks_uri, or leave the member out if nothing is signed.",
        ),
        Entry(
            "jwks-private", _CRITICAL, "The JWK Set contains private or symmetric key material.",
            "public members only", "RFC 7517 §9.2", (),
            "Revoke the key at once (manage.py mcp_keys revoke KID): everybody can sign with it.",
        ),
        Entry(
            "jwks-duplicate-kid", _ERROR, "Two keys have the same kid.",
            "a kid of its own for each key", "RFC 7517 §4.5", (),
            "Give each key the thumbprint of RFC 7638 as kid.",
        ),
        Entry(
            "jwks-no-kid", _WARNING, "A key among several has no kid.",
            "a kid for each key", "RFC 7517 §4.5", (),
            "Give each key the thumbprint of RFC 7638 as kid.",
        ),
        Entry(
            "jwks-key-invalid", _ERROR, "A key lacks members, or they have no valid value.",
            "kty and the public members of its type, base64url without padding",
            "RFC 7518 §6, RFC 8037 §2", (),
            "Build it with a JOSE library: leading zero octets belong to EC coordinates.",
        ),
        Entry(
            "jwks-weak", _ERROR,
            "An RSA key has fewer than 2048 bits, or anyone can sign with a key.",
            "2048 bits or more, made by a current library", "RFC 7518 §3.3", (),
            "Rotate to a longer key: manage.py mcp_keys rotate.",
        ),
        Entry(
            "jwks-algorithm", _ERROR, "alg of a key does not go with its type.",
            "an asymmetric algorithm of the key's type", "RFC 7518 §3.1, RFC 8725 §3.1", (),
            "Correct alg.",
        ),
        Entry(
            "jwks-empty", _ERROR,
            "The JWK Set has no key for signatures, although something is signed.",
            "the key that signs", "OpenID Connect Core §10.1", (),
            "manage.py mcp_keys rotate",
        ),
        Entry(
            "jwks-cannot-sign", _ERROR, "This project is configured to sign tokens, but cannot.",
            "an active key and a pinned issuer", "RFC 9068 §2, OAuth 2.1 §3.2.3", EVERY,
            "manage.py mcp_keys rotate, and pin MCP_ISSUER.",
        ),
        Entry(
            "jwks-unserved", _WARNING, "An algorithm is announced for which there is no key.",
            "a key for each algorithm of this site, or for one algorithm of an outside provider",
            "OpenID Connect Discovery §3", (),
            "manage.py mcp_keys rotate, or shorten MCP_SIGNING_ALGORITHMS.",
        ),
        Entry(
            "jwks-elsewhere", Severity.INFO, "The keys are on another origin; not contacted.",
            "keys on the origin of the site or of the issuer, if they are to be looked at",
            "RFC 9728 §7.7", (),
            "Look at the keys by themselves, with the tools of the host that has them.",
        ),
    ),
)  # fmt: skip

SIGNED = Group(
    "signed-metadata",
    "Signed metadata",
    "signed by a published key, and says what the document says",
    (
        Entry(
            "signed-malformed", _ERROR, "signed_metadata is not a JWT in compact form.",
            "three base64url parts between dots", "RFC 9728 §2.2, RFC 8414 §2.1", (),
            "Leave it out, or sign it with a JOSE library.",
        ),
        Entry(
            "signed-key", _ERROR, "No published key has the kid of signed_metadata.",
            "the key in the JWK Set", "RFC 9728 §2.2, RFC 8414 §2.1", (),
            "Publish the key; purge caches that hold an older JWK Set.",
        ),
        Entry(
            "signed-signature", _ERROR, "The signature of signed_metadata does not verify.",
            "a signature by that key", "RFC 9728 §2.2, RFC 8414 §2.1", (),
            "Look for two processes with different keys under one kid.",
        ),
        Entry(
            "signed-issuer", _ERROR, "signed_metadata has no iss, or that of a stranger.",
            "iss, naming who attests the values: the issuer, or the resource",
            "RFC 9728 §2.2, RFC 8414 §2.1", (),
            "Sign with the identifier of whoever publishes the keys as iss.",
        ),
        Entry(
            "signed-expired", _ERROR, "signed_metadata is over, or not valid yet.",
            "exp to come, nbf past; or neither", "RFC 7519 §4.1.4, §4.1.5", (),
            "Sign it anew before it is over, with a clock that is right.",
        ),
        Entry(
            "signed-differs", _ERROR, "signed_metadata says otherwise than the document.",
            "the same values; the signed ones take precedence",
            "RFC 9728 §2.2, RFC 8414 §2.1", (),
            "Sign what is published: a copy is out of date.",
        ),
    ),
)  # fmt: skip
