"""Import keys that other programs made into the key store."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from mcp_oauth_discovery.keys import files, jwk, policy
from mcp_oauth_discovery.keys.algorithms import Key
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.rotation.schedule import is_imported, is_known, standing
from mcp_oauth_discovery.rotation.writes import (
    Refused,
    adopt_kid,
    atomic,
    draft,
    insert,
    instant,
    retrying,
    succeed,
)


def import_key(
    data: bytes | str,
    *,
    public_only: bool = False,
    keep_kid: bool = False,
    now: datetime | None = None,
) -> SigningKey:
    """Import a key from a PEM, DER or JWK file, and return it.

    A private key becomes the successor of the active one, as in a rotation. With `public_only`
    the key is published for the retention, so that tokens which another program signed keep
    verifying; with `keep_kid`, under the `kid` of its JWK. Raises `Refused` if the key is
    unsuitable or was in the key store before, or if another key is pending.
    """
    now = instant(now)
    if keep_kid and not public_only:
        raise Refused(
            _(
                "A key that signs here has its thumbprint as kid. Add --public-only, or leave out "
                "--keep-kid."
            )
        )
    try:
        key, algorithm = files.read(data)
        kept = files.kid_to_keep(data) if keep_kid else None
    except files.UnsuitableKey as error:
        # Without the cause, because its frames hold the file, and error pages show them.
        raise Refused(error.translated(_)) from None
    finally:
        del data
    if public_only:
        return retrying(lambda: _import_public(key, algorithm, kept, now))
    return retrying(lambda: _import_private(key, algorithm, now))


def _import_private(key: Key, algorithm: str, now: datetime) -> SigningKey:
    if not jwk.is_private(key):
        text = _("The file holds a public key only, which cannot sign. Add --public-only.")
        raise Refused(text)
    _check_unknown(key.thumbprint())
    current = standing(algorithm, now)
    if current.pending:
        text = _("The key %(kid)s is pending for %(algorithm)s. Revoke it first, or wait.")
        raise Refused(text % {"kid": current.pending.kid, "algorithm": algorithm})
    return succeed(current, key, algorithm, now)


def _import_public(key: Key, algorithm: str, kept: str | None, now: datetime) -> SigningKey:
    if jwk.is_private(key):
        text = _("The file holds a private key. Give its public key, or leave out --public-only.")
        raise Refused(text)
    imported = draft(key, algorithm)
    imported.created_at = imported.activates_at = imported.retires_at = now
    imported.expires_at = now + policy.timing().retention
    if kept in (None, imported.kid) or not is_imported(imported.kid):
        _check_unknown(imported.kid)
    with atomic():
        if kept and kept != imported.kid:
            _check_unknown(kept)
            adopt_kid(imported, kept, now)
        insert(imported)
    return imported


def _check_unknown(kid: str) -> None:
    if is_known(kid):
        text = _("The key %(kid)s was in the key store before; a kid is never used again.")
        raise Refused(text % {"kid": kid})
