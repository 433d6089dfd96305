"""Puts back what `migrate` has written, after the flush that ends each test with transactions.

Django sends `post_migrate` there. Its handlers compute the content types, the permissions and the
site once more, which takes longer than most of these tests.
"""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django.core.management.commands import flush
from django.db import DEFAULT_DB_ALIAS
from django.test import TransactionTestCase

from mcp_oauth_discovery.keys.cache import note_change

# In the order of their foreign keys.
_WRITTEN = (ContentType, Permission, Site)


def put_back_what_migrate_wrote(patch):
    """Store now what tests find at their beginning, and put it back after each flush at an end."""
    rows = {model: list(model.objects.all()) for model in _WRITTEN}
    emit, end = flush.emit_post_migrate_signal, TransactionTestCase._fixture_teardown  # noqa: SLF001

    def put_back(verbosity, interactive, db, **kwargs):
        if db != DEFAULT_DB_ALIAS:
            emit(verbosity, interactive, db, **kwargs)
            return
        for model, stored in rows.items():
            # A test whose INSTALLED_APPS lack a model has not emptied its table.
            model.objects.bulk_create(stored, ignore_conflicts=True)
        ContentType.objects.clear_cache()
        Site.objects.clear_cache()
        # The handler of this package.
        note_change(using=db)

    def end_test(case):
        # A flush that a test calls itself sends the signal.
        flush.emit_post_migrate_signal = put_back
        try:
            end(case)
        finally:
            flush.emit_post_migrate_signal = emit

    patch.setattr(TransactionTestCase, "_fixture_teardown", end_test)
