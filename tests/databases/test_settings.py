from __future__ import annotations

import pytest

from tests.settings import database


def test_database_in_memory_by_default():
    entry = database("")
    assert (entry["ENGINE"], entry["NAME"]) == ("django.db.backends.sqlite3", ":memory:")


def test_database_in_a_file():
    assert database("sqlite:////srv/keys.sqlite3")["NAME"] == "/srv/keys.sqlite3"


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_database_on_a_server(scheme):
    assert database(f"{scheme}://mcp:p%40ss@127.0.0.1:1234/keys") == {
        "ENGINE": f"django.db.backends.{scheme}",
        "NAME": "keys",
        "USER": "mcp",
        "PASSWORD": "p@ss",
        "HOST": "127.0.0.1",
        "PORT": 1234,
    }


def test_database_of_another_kind_is_an_error():
    with pytest.raises(KeyError, match="oracle"):
        database("oracle://server/keys")
