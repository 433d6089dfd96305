"""A page whose URL depends on the language."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import path

from tests.urls import page

urlpatterns = i18n_patterns(path("page/", page, name="page"))
