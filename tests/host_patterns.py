"""The hosts of a project with django-hosts: one has the discovery URLs, the others have a page."""

from __future__ import annotations

from django_hosts import host, patterns

host_patterns = patterns(
    "",
    host("www", "tests.www_urls", name="www"),
    host("app", "tests.test_urlconf_by_host", name="app"),
)
