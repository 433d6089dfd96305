"""What `migrate` has written is there again after a test with transactions."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site

from mcp_oauth_discovery.keys.cache import changes

FLUSHED_AT = []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_rows_of_migrate_are_there_each_time(time):
    permission = Permission.objects.get(codename="view_signingkey")
    assert permission.content_type == ContentType.objects.get(model="signingkey")
    assert Site.objects.get().domain == "example.com"
    Site.objects.all().delete()
    ContentType.objects.all().delete()
    assert not Permission.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_flush_after_a_test_is_a_change_of_the_keys(time):
    assert changes() not in FLUSHED_AT
    FLUSHED_AT.append(changes())
