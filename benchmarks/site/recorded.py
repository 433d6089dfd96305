"""The three documents as our views send them. The bare contenders send the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

HOST = "app.example.com"
# The access token that is stored in the database, as django-oauth-toolkit does it.
STORED_TOKEN = "a" * 40
DOCUMENTS = {
    "PRM": "/.well-known/oauth-protected-resource/mcp",
    "AS metadata": "/.well-known/oauth-authorization-server",
    "JWK Set": "/.well-known/jwks.json",
}


class Recorded(NamedTuple):
    headers: dict[str, str]
    body: bytes


def write_documents(directory: Path, documents: dict[str, Recorded]) -> None:
    texts = {name: [headers, body.decode()] for name, (headers, body) in documents.items()}
    (directory / "documents.json").write_text(json.dumps(texts))


def read_documents(directory: Path) -> dict[str, Recorded]:
    texts = json.loads((directory / "documents.json").read_text())
    return {name: Recorded(headers, body.encode()) for name, (headers, body) in texts.items()}
