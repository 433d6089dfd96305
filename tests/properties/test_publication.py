"""A publication equals the documents built from scratch, after every sequence of changes."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.properties import steps
from tests.properties.site import Site
from tests.server.conftest import OURS


@pytest.mark.parametrize("middleware", [False, True], ids=["views", "middleware"])
def test_publication_equals_the_documents_built_from_scratch(
    transactional_db, settings, middleware
):
    settings.MIDDLEWARE = [OURS] if middleware else []
    run_state_machine_as_test(Site, settings=steps(8, 4))
