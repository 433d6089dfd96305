"""A project with a view that fails."""

from __future__ import annotations

from django.urls import path


def fails(request):
    raise ValueError("a fault of the project")


urlpatterns = [path("fails", fails)]
