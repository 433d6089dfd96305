"""Answers in JSON, with the headers that let every client read them."""

from __future__ import annotations


def readable(response):
    """Return status and body of an answer in JSON that every script may read."""
    assert response["Content-Type"] == "application/json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "no-store"
    return response.status_code, response.json()
