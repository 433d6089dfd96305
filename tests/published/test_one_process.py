"""One process from test to test, as in the projects of others, which have no `_new_process`."""

from __future__ import annotations

import pytest
from django.test import Client, TestCase

from mcp_oauth_discovery import rotation
from tests import JWKS

TURNS = pytest.mark.parametrize("turn", ["first", "second"])


@pytest.fixture(autouse=True)
def _new_process():
    """Stay in the same process."""


def served():
    headers = {"host": "app.example.com"}
    return [key["kid"] for key in Client().get(JWKS, headers=headers).json()["keys"]]


def begin_with_nothing_and_leave_a_key():
    assert served() == []
    key = rotation.rotate("EdDSA")
    assert served() == [key.kid]


@TURNS
@pytest.mark.django_db
def test_nothing_is_left_of_a_test_that_was_rolled_back(turn):
    begin_with_nothing_and_leave_a_key()


class TestOfAClass(TestCase):
    """A transaction for the class, and one in it for each test."""

    @classmethod
    def setUpTestData(cls):
        cls.key = rotation.rotate("EdDSA")
        assert served() == [cls.key.kid]

    def revoke(self):
        assert served() == [self.key.kid]
        rotation.revoke(self.key)
        assert self.key.kid not in served()

    def test_nothing_is_left_of_a_test_that_was_rolled_back_in_a_class(self):
        self.revoke()

    def test_nothing_is_left_of_its_neighbour_either(self):
        self.revoke()


@TURNS
@pytest.mark.django_db
def test_nothing_is_left_of_a_class(turn):
    begin_with_nothing_and_leave_a_key()


@TURNS
@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_of_a_test_that_was_flushed(turn):
    begin_with_nothing_and_leave_a_key()


@pytest.mark.django_db(transaction=True)
def test_set_is_empty_after_a_flush():
    assert served() == []
