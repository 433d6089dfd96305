"""The `signed_metadata` member: the document as a JWT, signed by the active key."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from django.db import Error as AnyDatabaseError
from django.utils import timezone

from mcp_oauth_discovery.conf import conf
from mcp_oauth_discovery.discovery.settings import signs_metadata
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.logs.lines import logger, one_line, tracebacks
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import NoSigningKey
from mcp_oauth_discovery.signing.published import SHORT_WAIT, ShownKeys, published_keys
from mcp_oauth_discovery.signing.readings import Store, current_store, read_in_time
from mcp_oauth_discovery.signing.sign import LONGEST_CLAIMS, sign, stand_in
from mcp_oauth_discovery.standards.metadata import Document

# How many signed documents stay in memory: one per resource, and one for the issuer. A site with
# more signs some of them again.
_CACHE_SIZE = 1024

# The last failure in each key store: kid, reading of the key store, reason. Until the next reading,
# documents stay unsigned without another query.
_failures: dict[Store, tuple[str, object, str]] = {}


def sign_document(
    document: dict[str, Any], issuer: str, typ: str, keys: ShownKeys | None = None
) -> str:
    """Return the JWT of a document, attested by `issuer` with one of the `keys`.

    Raises `NoSigningKey`, also if the document is too long to sign. The JWT has no timestamp, so
    it is the same in every process. It is cached as long as the document and the key stay.
    """
    name, now = policy.signing_algorithms()[0], timezone.now()
    published = (keys or ShownKeys()).at(now, patience=SHORT_WAIT)
    active = next((key for key in published if key.signs(name, now)), None)
    if active is None:
        raise NoSigningKey(
            f"No {name} key is active. Run 'manage.py mcp_keys rotate --algorithm {name}'."
        )
    claims = {**document, "iss": issuer}
    claims.pop("signed_metadata", None)
    text = json.dumps(claims)
    if len(text) > LONGEST_CLAIMS:
        most = LONGEST_CLAIMS
        raise NoSigningKey(f"The document has {len(text)} octets; expected {most} at most.")
    return _sign(active.kid, text, typ)


@lru_cache(maxsize=_CACHE_SIZE)
def _sign(kid: str, claims: str, typ: str) -> str:
    reading, store = published_keys.reading(), current_store()
    failure = _failures.get(store)
    if failure and failure[:2] == (kid, reading):
        raise NoSigningKey(failure[2])
    try:
        row = SigningKey.objects.using(store.alias).filter(kid=kid)
        key: SigningKey | None = read_in_time(store, row.first, SHORT_WAIT)
        if key is None:
            raise NoSigningKey(f"The key {kid} has just been deleted.")
        signer = key if key.private_key else stand_in(key, timezone.now())
        return sign(json.loads(claims), signer, typ)
    except (AnyDatabaseError, NoSigningKey) as error:
        _failures[store] = (kid, reading, str(error))
        raise NoSigningKey(str(error)) from error


def with_signed_metadata(
    document: Document, site: Site, typ: str, keys: ShownKeys | None = None
) -> Document:
    """Add `signed_metadata` (RFC 9728 §2.2, RFC 8414 §2.1) if set and possible."""
    if not signs_metadata():
        return document
    if not (site.is_pinned and isinstance(conf.MCP_ISSUER, str)):
        logger.warning(
            "Left signed_metadata out: nothing is signed for an issuer that is not pinned.",
            extra={"event": "signed_metadata.not_pinned"},
        )
        return document
    try:
        signature = sign_document(document, site.issuer, typ, keys)
    except AnyDatabaseError as error:
        text = f"Left signed_metadata out: {one_line(error)}{remedy(error)}"
        if tracebacks.limited(error, "signed_metadata"):
            logger.warning("%s", text, extra={"event": "signed_metadata.unread"})
        return document
    except NoSigningKey as error:
        _log_left_out(str(error), typ, published_keys.reading())
        return document
    return {**document, "signed_metadata": signature}


@lru_cache(maxsize=64)
def _log_left_out(reason: str, typ: str, reading: object) -> None:
    # Once per reading of the key store, not on every request.
    extra = {"event": "signed_metadata.no_key"}
    logger.warning("Left signed_metadata out: %s", one_line(reason), extra=extra)
