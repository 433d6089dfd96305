"""Whatever a site puts into its card and its catalogue, the doctor completes the check."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.standards.server_cards import CARD_TYPE, CATALOG_TYPE
from tests.doctor.faults_cards import CARD, CATALOG, card, entry, publish
from tests.doctor.test_hostile_documents import VALUES, print_all
from tests.doctor.world import ENDPOINT, World


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_every_member_of_card_and_entry_can_be_anything(value):
    for name in [*card(), "title", "icons", "_meta"]:
        world = World()
        publish(world, card(**{name: value}))
        assert print_all(world, probes=True).replace("\n", "").isprintable(), name
    for name in ["identifier", "type", "url", "data"]:
        world = World()
        publish(world, None, entry(**{name: value}))
        assert print_all(world, probes=True).replace("\n", "").isprintable(), name
    for name in ["type", "url"]:
        world = World()
        publish(world, card(remotes=[{"type": "streamable-http", "url": ENDPOINT, name: value}]))
        assert print_all(world, probes=True).replace("\n", "").isprintable(), name


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_card_and_catalogue_can_be_anything(value):
    for members in ([value], {"entries": value}, {"entries": [value]}):
        world = World()
        world.json(CATALOG, members, Content_Type=CATALOG_TYPE)
        world.json(CARD, [value], Content_Type=CARD_TYPE)
        assert print_all(world, probes=True).replace("\n", "").isprintable()
