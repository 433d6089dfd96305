"""The overview, as whom it is opened and where."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

LIST = "/admin/mcp_oauth_discovery/signingkey/"
OVERVIEW = "/admin/mcp_oauth_discovery/overview/"
HOST = {"host": "app.example.com"}


def visitor(*verbs, is_staff=True):
    user = User.objects.create_user(f"user{User.objects.count()}", is_staff=is_staff)
    codenames = [f"{verb}_signingkey" for verb in verbs]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def ago(days):
    return timezone.now() - timedelta(days=days)


def document(context, title, number=0):
    return [one for one in context["documents"] if one.title == title][number]
