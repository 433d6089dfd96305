"""The settings, read on every access. Only this module reads `django.conf.settings`."""

from __future__ import annotations

import marshal
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.functional import empty

__all__ = ["Misconfigured", "conf"]

T = TypeVar("T")
Identifier = str | Callable[[HttpRequest], str] | None

_USERINFO = re.compile(r"//[^/@\s'\"]+@")


class _Repr(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to convert numbers of more than 4,300 digits to text.
        return "a very large number" if x.bit_length() > 9999 else super().repr_int(x, level)


_repr = _Repr()
_repr.maxstring = _repr.maxother = 200


def _source() -> Any:
    # `settings` raises and catches an exception for each setting that is not set, which is slow.
    # Read the object that it wraps, without its own attribute look-up, which is slow too.
    wrapped = object.__getattribute__(settings, "_wrapped")
    return settings if wrapped is empty else wrapped


def _get(name: str, default: T) -> T:
    value: T = getattr(_source(), name, default)
    return value


class Settings:
    """One property per setting. The values are unchecked, as the project wrote them."""

    @property
    def MCP_ISSUER(self) -> Identifier:
        return _get("MCP_ISSUER", None)

    @property
    def MCP_RESOURCE(self) -> Identifier:
        return _get("MCP_RESOURCE", None)

    @property
    def MCP_RESOURCES(self) -> Mapping[str, Mapping[str, Any]]:
        return _get("MCP_RESOURCES", {})

    @property
    def MCP_RESOURCE_METADATA(self) -> Mapping[str, Any]:
        return _get("MCP_RESOURCE_METADATA", {})

    @property
    def MCP_AUTHORIZATION_SERVERS(self) -> Sequence[str] | None:
        return _get("MCP_AUTHORIZATION_SERVERS", None)

    @property
    def MCP_AUTHORIZATION_SERVER_METADATA(self) -> Mapping[str, Any]:
        return _get("MCP_AUTHORIZATION_SERVER_METADATA", {})

    @property
    def MCP_SIGNING_ALGORITHMS(self) -> Sequence[str]:
        return _get("MCP_SIGNING_ALGORITHMS", ["RS256", "EdDSA"])

    @property
    def MCP_SIGNED_METADATA(self) -> bool:
        return _get("MCP_SIGNED_METADATA", False)

    @property
    def MCP_KEY_ROTATION_INTERVAL(self) -> timedelta:
        return _get("MCP_KEY_ROTATION_INTERVAL", timedelta(days=90))

    @property
    def MCP_KEY_PUBLISH_AHEAD(self) -> timedelta:
        return _get("MCP_KEY_PUBLISH_AHEAD", timedelta(days=1))

    @property
    def MCP_KEY_RETENTION(self) -> timedelta:
        return _get("MCP_KEY_RETENTION", timedelta(days=2))

    @property
    def MCP_KEY_ENCRYPTION_KEYS(self) -> Sequence[str] | None:
        return _get("MCP_KEY_ENCRYPTION_KEYS", None)

    @property
    def MCP_METADATA_MAX_AGE(self) -> int:
        return _get("MCP_METADATA_MAX_AGE", 300)

    @property
    def MCP_JWKS_MAX_AGE(self) -> int:
        return _get("MCP_JWKS_MAX_AGE", 300)

    @property
    def MCP_SERVER_CARDS(self) -> Mapping[str, Mapping[str, Any]]:
        return _get("MCP_SERVER_CARDS", {})

    @property
    def MCP_IMPLIED_SCOPES(self) -> Mapping[str, Sequence[str]]:
        return _get("MCP_IMPLIED_SCOPES", {})

    @property
    def MCP_ALLOWED_ORIGINS(self) -> Sequence[str] | str:
        return _get("MCP_ALLOWED_ORIGINS", "*")

    @property
    def MCP_DPOP_NONCE_REQUIRED(self) -> bool:
        return _get("MCP_DPOP_NONCE_REQUIRED", False)


def fingerprint(value: Any) -> bytes | None:
    """Return bytes that are equal only for equal values of equal types, or None.

    They tell whether a setting has changed, even in place. None means that the value, or one in
    it, is not plain data: callables, lazy texts and objects of other classes cannot be compared.
    """
    try:
        # Version 2 has no references, so equal values give the same bytes. Unlike ==, it tells
        # True from 1. It is never read back.
        return marshal.dumps(value, 2)
    except ValueError:
        return None


def fingerprint_of(names: Iterable[str]) -> bytes | None:
    """Return the fingerprint of several settings, or None if one of them has none.

    Callables count as equal: what they return for one request says nothing about the next.
    """
    source = _source()
    values = [getattr(source, name, ...) for name in names]
    replaced = (b"callable" if callable(value) else value for value in values)
    return fingerprint(values) or fingerprint(list(replaced))


def secret_keys() -> list[str]:
    """Return `SECRET_KEY` and its fallbacks, newest first."""
    return [str(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def fixed_script_prefix() -> str:
    """Return the configured prefix of all paths, with a final slash."""
    return f"{(settings.FORCE_SCRIPT_NAME or '').rstrip('/')}/"


def allowed_hosts() -> list[str]:
    """Return `ALLOWED_HOSTS`."""
    return list(settings.ALLOWED_HOSTS)


def uses_time_zones() -> bool:
    """Return `USE_TZ`."""
    return bool(settings.USE_TZ)


def upload_limit() -> int | None:
    """Return `DATA_UPLOAD_MAX_MEMORY_SIZE`, in octets, or None for no limit."""
    limit: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return limit


def root_urlconf() -> Any:
    """Return `ROOT_URLCONF`, or None in a process without URLs."""
    return _get("ROOT_URLCONF", None)


def default_language() -> str:
    """Return `LANGUAGE_CODE`."""
    return str(settings.LANGUAGE_CODE)


def project_setting(name: str, default: T) -> T:
    """Return a setting of Django or of another app, for the system checks."""
    return _get(name, default)


def names_in_settings() -> list[str]:
    """Return the names of all settings, those of other apps included."""
    return dir(settings)


class Misconfigured(ImproperlyConfigured):
    """A wrong setting: its name, the problem, and what to type."""

    def __init__(self, setting: str, problem: str, hint: str) -> None:
        super().__init__(f"{problem} {hint}")
        self.setting = setting
        self.problem = problem
        self.hint = hint

    @classmethod
    def of(
        cls, setting: str, value: object, problem: object, hint: str, *, path: Iterable[object] = ()
    ) -> Misconfigured:
        """Return the error about the value of a setting, or about the value at `path` in it."""
        name = setting + "".join(f"[{shown(key)}]" for key in path)
        return cls(setting, f"{name} is {shown(value)}: {problem}.", hint)


def shown(value: object) -> str:
    """Return a value for a message, shortened and without passwords."""
    return _USERINFO.sub("//***@", _repr.repr(value))


conf = Settings()
