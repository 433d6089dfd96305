"""Several threads use one publication."""

from __future__ import annotations

import sys
import threading

import pytest
from django.urls import get_resolver
from django.utils import timezone

from mcp_oauth_discovery.discovery.kept import Kept, Place
from mcp_oauth_discovery.discovery.publication import Publication
from mcp_oauth_discovery.discovery.responses import Answer
from mcp_oauth_discovery.identity.index import ResourceIndex
from tests import ASM, PRM


@pytest.fixture
def eager_threads():
    """Let threads interrupt each other as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_documents_are_kept_while_those_of_former_resources_are_dropped(eager_threads):
    publication = Publication(b"", get_resolver(None))
    now, is_over = timezone.now(), threading.Event()

    def kept(resources=None):
        return Kept(Answer({}, max_age=None), None, now, None, resources, None)

    def keep_others():
        for number in range(3000):
            publication.keep(Place(ASM, str(number)), kept())
        is_over.set()

    thread = threading.Thread(target=keep_others)
    thread.start()
    while not is_over.is_set():
        publication.keep(Place(PRM), kept(ResourceIndex({})))
    thread.join()
    assert publication.answer(Place(ASM, "2999")) is not None
