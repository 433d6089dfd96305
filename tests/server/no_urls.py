"""A project that has not included the discovery URLs."""

from __future__ import annotations

from django.urls import path

from tests.urls import page

urlpatterns = [path("page/", page, name="page")]
