"""Answers that are none: redirects, errors, too much, not JSON."""

from __future__ import annotations

import gzip
import json

from tests import ASM
from tests.gallery.by_hand import HTML, PRM_PATH, Site, broken

JSON = "application/json"


@broken("answer-too-large")
def document_without_end(site: Site) -> None:
    site.keys["keys"] = site.keys["keys"] * 4000


@broken("answer-encoded")
def compressed_without_being_asked(site: Site) -> None:
    body = gzip.compress(json.dumps(site.server).encode())
    site.answer(ASM, body, Content_Type=JSON, Content_Encoding="gzip", **_cached())


@broken("answer-firewall", says=("of Cloudflare (cf-mitigated: challenge)", "Just a moment..."))
def challenge_of_a_firewall(site: Site) -> None:
    """The application is never asked."""
    page = HTML.replace("<title>", "<title>Just a moment... ")
    site.answer(ASM, page, 403, Content_Type="text/html", cf_mitigated="challenge")


@broken("document-not-json")
def document_in_another_encoding(site: Site) -> None:
    named = {**site.prm, "resource_name": "Café"}
    body = json.dumps(named, ensure_ascii=False).encode("latin-1")
    site.answer(PRM_PATH, body, Content_Type=JSON, **_cached())


def _cached() -> dict[str, str]:
    return {"Cache_Control": "public, max-age=300"}
