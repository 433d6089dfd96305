"""django-oauth-toolkit as the authorization server of this site: settings, URLs, pages and JWTs.

You can import this package in `settings.py`: only the two functions for it load with it. Every
other name loads when it is first used, because the models need the settings.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from mcp_oauth_discovery.contrib.oauth_toolkit.presets import (
    authorization_server_metadata,
    oauth2_provider_settings,
)

if TYPE_CHECKING:
    from mcp_oauth_discovery.contrib.oauth_toolkit.clients import (
        FetchForConsent,
        MetadataFetcher,
        OpenRegistration,
    )
    from mcp_oauth_discovery.contrib.oauth_toolkit.endpoints import (
        ManagementView,
        RegistrationView,
        RevokeTokenView,
        TokenView,
    )
    from mcp_oauth_discovery.contrib.oauth_toolkit.pages import ConsentView, SignInView
    from mcp_oauth_discovery.contrib.oauth_toolkit.requests import check_redirect_uri
    from mcp_oauth_discovery.contrib.oauth_toolkit.resources import InvalidTarget
    from mcp_oauth_discovery.contrib.oauth_toolkit.service_accounts import (
        ServiceAccountServer,
        ServiceAccountValidator,
    )
    from mcp_oauth_discovery.contrib.oauth_toolkit.tokens import (
        access_token,
        checksum,
        verify_token,
    )
    from mcp_oauth_discovery.contrib.oauth_toolkit.validator import AT_ONCE, Validator

__all__ = [
    "AT_ONCE",
    "ConsentView",
    "FetchForConsent",
    "InvalidTarget",
    "ManagementView",
    "MetadataFetcher",
    "OpenRegistration",
    "RegistrationView",
    "RevokeTokenView",
    "ServiceAccountServer",
    "ServiceAccountValidator",
    "SignInView",
    "TokenView",
    "Validator",
    "access_token",
    "authorization_server_metadata",
    "check_redirect_uri",
    "checksum",
    "oauth2_provider_settings",
    "verify_token",
]

_MODULES = {
    "AT_ONCE": "validator",
    "ConsentView": "pages",
    "FetchForConsent": "clients",
    "InvalidTarget": "resources",
    "ManagementView": "endpoints",
    "MetadataFetcher": "clients",
    "OpenRegistration": "clients",
    "RegistrationView": "endpoints",
    "RevokeTokenView": "endpoints",
    "ServiceAccountServer": "service_accounts",
    "ServiceAccountValidator": "service_accounts",
    "SignInView": "pages",
    "TokenView": "endpoints",
    "Validator": "validator",
    "access_token": "tokens",
    "check_redirect_uri": "requests",
    "checksum": "tokens",
    "verify_token": "tokens",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _check_toolkit()
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def _check_toolkit() -> None:
    """Say what to type if the models of the toolkit cannot be loaded."""
    if find_spec("oauth2_provider") is None:
        raise ImproperlyConfigured(
            "django-oauth-toolkit is not installed. Type: "
            'python -m pip install "django-mcp-oauth-discovery[oauth-toolkit]"'
        )
    if apps.apps_ready and not apps.is_installed("oauth2_provider"):
        raise ImproperlyConfigured(
            "INSTALLED_APPS lacks django-oauth-toolkit. Write in your settings: "
            'INSTALLED_APPS = [*INSTALLED_APPS, "oauth2_provider"]'
        )


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
