"""The key store: which key signs when, as timestamps, and every `kid` that was ever used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from django.db import models, router
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from joserfc.errors import JoseError

from mcp_oauth_discovery.keys import encryption, jwk, policy
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS, Key
from mcp_oauth_discovery.keys.cache import note_change
from mcp_oauth_discovery.keys.lifetimes import state_in_words

__all__ = [
    "FormerKey",
    "SigningKey",
    "SigningKeyQuerySet",
    "State",
    "UnknownAlgorithm",
    "Unpublishable",
    "Unusable",
]

# The member of a stored JWK that has the thumbprint if another program chose the kid.
THUMBPRINT = "jkt"


class State(Enum):
    """What a key is doing at some instant; computed, never stored."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRED = "retired"
    EXPIRED = "expired"
    REVOKED = "revoked"

    @property
    def label(self) -> str:
        return state_in_words(self.value)


class Unusable(Exception):
    """A private key that cannot be used: erased, never stored, or encrypted with a lost key."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem} {remedy}".strip())
        self.problem = problem
        self.remedy = remedy


class Unpublishable(ValueError):
    """A public key that cannot be in the JWK Set at any time; the text says why."""


class UnknownAlgorithm(Unpublishable):
    """A key for an algorithm that this version does not know."""


class SigningKeyQuerySet(models.QuerySet["SigningKey"]):
    """Keys by what they do at an instant; `SigningKey.objects` has the same methods."""

    def authoritative(self) -> SigningKeyQuerySet:
        """Read from the database that is written: a replica may be behind."""
        keys: SigningKeyQuerySet = self.using(router.db_for_write(self.model))
        return keys

    def published(self, now: datetime | None = None) -> SigningKeyQuerySet:
        """Return the keys that are in the JWK Set at an instant, the present by default."""
        now = now or timezone.now()
        keys: SigningKeyQuerySet = self.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            # At any time: the clock of the host that revoked a key may be ahead.
            revoked_at=None,
            # Another version may have stored keys of further algorithms.
            algorithm__in=list(ALGORITHMS),
        )
        return keys

    def active(self, now: datetime | None = None) -> SigningKeyQuerySet:
        """Return the keys that sign at an instant: at most one per algorithm."""
        now = now or timezone.now()
        keys: SigningKeyQuerySet = self.published(now).filter(
            Q(retires_at=None) | Q(retires_at__gt=now), activates_at__lte=now
        )
        return keys

    def signing_key(
        self, algorithm: str | None = None, now: datetime | None = None
    ) -> SigningKey | None:
        """Return the active key of an algorithm, or None; the first configured one by default."""
        algorithm = algorithm or policy.signing_algorithms()[0]
        keys = self.active(now).filter(algorithm=algorithm)
        key: SigningKey | None = keys.order_by("-generation").first()
        return key

    def bulk_create(
        self, objs: Iterable[SigningKey], *args: Any, **kwargs: Any
    ) -> list[SigningKey]:
        keys = list(objs)
        self._for_write = True
        _set_generations(keys, self.db)
        created = super().bulk_create(keys, *args, **kwargs)
        note_change(using=self.db)
        return created

    def update(self, **kwargs: Any) -> int:
        rows = super().update(**kwargs)
        note_change(using=self.db)
        return rows

    update.alters_data = True  # type: ignore[attr-defined]


class SigningKey(models.Model):
    """A key pair, and when it is created, activated, retired, expired and revoked."""

    kid = models.CharField(_("key ID"), max_length=64, unique=True)
    algorithm = models.CharField(_("algorithm"), max_length=16)
    generation = models.PositiveIntegerField(
        _("generation"),
        null=True,
        editable=False,
        help_text=_("Place in the succession of the algorithm; empty for a key that never signs."),
    )
    public_jwk = models.JSONField(_("public JWK"))
    private_key = models.TextField(_("private key"), blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"))
    activates_at = models.DateTimeField(_("activates at"))
    retires_at = models.DateTimeField(_("retires at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = SigningKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        ordering = ("algorithm", "-created_at", "kid")
        permissions = (
            ("rotate_signingkey", "Can rotate signing keys"),
            ("retire_signingkey", "Can retire signing keys"),
            ("revoke_signingkey", "Can revoke signing keys"),
        )
        constraints = (
            # The database rejects a second successor.
            models.UniqueConstraint(
                fields=("algorithm", "generation"), name="mcp_oauth_discovery_one_successor"
            ),
        )

    def __str__(self) -> str:
        return self.kid

    def save(self, *args: Any, using: str | None = None, **kwargs: Any) -> None:
        using = using or router.db_for_write(type(self), instance=self)
        if self._state.adding:
            _set_generations([self], using)
        super().save(*args, using=using, **kwargs)

    def state(self, now: datetime | None = None) -> State:
        """Return the state of this key at an instant, the present by default."""
        now = now or timezone.now()
        if self.revoked_at:
            return State.REVOKED
        if self.expires_at and self.expires_at <= now:
            return State.EXPIRED
        if self.retires_at and self.retires_at <= now:
            return State.RETIRED
        return State.PENDING if self.activates_at > now else State.ACTIVE

    @property
    def leaves_at(self) -> datetime | None:
        """When this key leaves the JWK Set, if that is known: its revocation or its expiry."""
        return min(filter(None, (self.revoked_at, self.expires_at)), default=None)

    @property
    def short_kid(self) -> str:
        """Enough of the `kid` to tell it from others."""
        return f"{self.kid[:10]}…"

    def is_published(self, now: datetime | None = None) -> bool:
        """Return whether this key is in the JWK Set at an instant, the present by default."""
        if self.state(now) in (State.REVOKED, State.EXPIRED):
            return False
        try:
            return bool(self.published_jwk)
        except Unpublishable:
            return False

    @property
    def published_jwk(self) -> jwk.PublicJWK:
        """The public key as it is in the JWK Set; raises `Unpublishable`."""
        if self.algorithm not in ALGORITHMS:
            raise UnknownAlgorithm(f"unknown algorithm {self.algorithm!r}")
        labels = {"kid": self.kid, "alg": self.algorithm, "use": "sig"}
        try:
            members = jwk.published({**self.public_jwk, **labels}, self.algorithm)
            thumbprint = jwk.thumbprint(members)
        except (JoseError, LookupError, TypeError, ValueError):
            raise Unpublishable("the public JWK is malformed") from None
        # A key that signs here always has its thumbprint as kid.
        stored = self.public_jwk.get(THUMBPRINT) if self.generation is None else None
        if thumbprint != (stored or self.kid):
            raise Unpublishable("the public JWK is that of another key")
        return members

    def seal(self, key: Key) -> None:
        """Encrypt and keep a private key; `save` stores it."""
        self.private_key = encryption.encrypt(jwk.to_pem(key), policy.encryption_keys())

    def unseal(self) -> Key:
        """Return the private key; raises `Unusable`, which says why and what to do."""
        if not self.private_key:
            raise Unusable(f"The private key of {self.kid} is not in the key store.")
        keys, private = policy.encryption_keys, None
        try:
            # Do not bind the plain text to a variable: error pages show local variables.
            private = jwk.from_pem(encryption.decrypt(self.private_key, keys()), self.algorithm)
        except encryption.CannotDecrypt:
            raise Unusable(
                f"The private key of {self.kid} cannot be decrypted: it was encrypted with a key "
                "that is neither in MCP_KEY_ENCRYPTION_KEYS nor derived from SECRET_KEY or "
                "SECRET_KEY_FALLBACKS.",
                "Put the former SECRET_KEY into SECRET_KEY_FALLBACKS, or the former Fernet key at "
                "the end of MCP_KEY_ENCRYPTION_KEYS, and run 'manage.py mcp_keys reencrypt'. If it "
                f"is lost, run {self._disposal_command()}.",
            ) from None
        except ValueError:
            # Raised below, because the frames of this error hold the plain text.
            pass
        if private is None or private.thumbprint() != self.kid:
            raise Unusable(
                f"The stored private key of {self.kid} is damaged, or belongs to another key.",
                f"Run {self._disposal_command()}.",
            )
        return private

    def unseal_to_sign(self) -> Key:
        """Return the private key if the JWK Set has the public key; raises `Unusable`."""
        private = self.unseal()
        try:
            return jwk.with_public_members(private, self.published_jwk)
        except Unpublishable as error:
            raise Unusable(
                f"The JWK Set leaves {self.kid} out because {error}. No token could be verified.",
                f"Run {self._command('revoke')}.",
            ) from error

    def _disposal_command(self) -> str:
        """Return the command that takes a key without a usable private key out of service."""
        verb = {State.PENDING: "revoke", State.ACTIVE: "retire"}.get(self.state())
        return self._command(verb) if verb else "'manage.py mcp_keys prune'"

    def _command(self, verb: str) -> str:
        # The kid of an imported key may begin with a dash, like an option.
        separator = "-- " if self.kid.startswith("-") else ""
        return f"'manage.py mcp_keys {verb} {separator}{self.kid}'"


def _set_generations(keys: Sequence[SigningKey], using: str) -> None:
    """Put new keys at the end of the succession, unless they never sign or have a place."""
    for key in keys:
        signs = key.retires_at is None or key.retires_at > key.activates_at
        if signs and key.generation is None:
            line = SigningKey.objects.using(using).filter(algorithm=key.algorithm)
            stored = line.aggregate(last=Max("generation"))["last"]
            others = (other for other in keys if other.algorithm == key.algorithm)
            # The database rejects a concurrent key with the same place.
            key.generation = 1 + max(stored or 0, *(other.generation or 0 for other in others))


class FormerKey(models.Model):
    """The `kid` of a deleted key, which no other key may ever have."""

    kid = models.CharField(_("key ID"), max_length=64, primary_key=True)
    deleted_at = models.DateTimeField(_("deleted at"))

    class Meta:
        verbose_name = _("former key")
        verbose_name_plural = _("former keys")

    def __str__(self) -> str:
        return self.kid


models.signals.post_save.connect(note_change, sender=SigningKey)
models.signals.post_delete.connect(note_change, sender=SigningKey)
# `flush` and migrations send no other signal.
models.signals.post_migrate.connect(note_change)
