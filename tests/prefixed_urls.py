"""The URLs of the tests below the prefix of a tenant."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("tenant/", include("tests.urls"))]
