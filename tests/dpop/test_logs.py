"""What the log, the signals and error reports say about DPoP: never a proof or a token."""

from __future__ import annotations

import logging
import time

import pytest
from django.test import RequestFactory

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.logs.redaction import (
    HIDDEN,
    hide_credentials,
    without_credentials,
    without_token,
)
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.signing import sign_jwt
from tests import ORIGIN
from tests.dpop.proofs import CLIENT, RESOURCE, THIEF, make_proof

PROOF = "header-of-proof.claims-of-proof.signature-of-proof"
HEADERS = {"authorization": "DPoP access-token", "dpop": PROOF}


def test_proof_is_hidden_where_the_token_is():
    request = RequestFactory().post("/mcp", headers=HEADERS)
    assert request.headers["DPoP"] == PROOF
    hide_credentials(request)
    assert (request.META["HTTP_DPOP"], request.headers["DPoP"]) == (HIDDEN, HIDDEN)
    assert request.META["HTTP_AUTHORIZATION"] == HIDDEN


def test_proof_is_hidden_in_other_places_of_the_request():
    request = RequestFactory().post("/mcp", headers={**HEADERS, "x-copy": f"proof {PROOF}"})
    hide_credentials(request)
    assert request.META["HTTP_X_COPY"] == f"proof {HIDDEN}"


def test_proof_is_hidden_in_the_scope_of_asgi(async_rf):
    request = async_rf.post("/mcp", headers=HEADERS)
    hide_credentials(request)
    assert dict(request.scope["headers"])[b"dpop"] == HIDDEN.encode()


def test_copy_for_the_log_has_no_proof_and_the_request_keeps_it():
    request = RequestFactory().post("/mcp", headers=HEADERS)
    assert without_credentials(request).META["HTTP_DPOP"] == HIDDEN
    assert request.META["HTTP_DPOP"] == PROOF


def test_proof_is_hidden_in_texts_even_after_many_words_of_the_token():
    authorization = " ".join(f"long-word-{number}" for number in range(20))
    headers = {"authorization": authorization, "dpop": PROOF}
    request = RequestFactory().post("/mcp", headers=headers)
    assert without_token(request, f"not {PROOF}") == f"not {HIDDEN}"


@pytest.fixture
def judge(rf, settings, db, caplog):
    """Judge a token that this site has signed, and return the reason of the record, or None."""
    caplog.set_level(logging.DEBUG)
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")

    def judge(audience=RESOURCE, *, key=CLIENT, **claims):
        bound = {"jkt": CLIENT.thumbprint()}
        exp = int(time.time()) + 600
        token = sign_jwt({"sub": "1", "aud": audience, "exp": exp, "cnf": bound})
        proof = make_proof(token, key=key, **claims)
        headers = {"authorization": f"DPoP {token}", "dpop": proof}
        caplog.clear()
        protection = BearerProtection("/mcp", dpop="accept")
        refusal = protection(rf.post("/mcp", headers=headers))
        records = [record for record in caplog.records if hasattr(record, "reason")]
        for record in caplog.records:
            shown = f"{record.getMessage()} {vars(record)}"
            for secret in (token, proof, *token.split(".")[1:], *proof.split(".")[1:]):
                assert secret not in shown
        [record] = records
        return (None if refusal is None else refusal.status_code), record.reason

    return judge


def test_token_of_this_site_is_accepted_with_its_proof(judge):
    assert judge() == (None, "accepted")


def test_token_for_another_audience_is_refused_with_the_right_proof(judge):
    assert judge(f"{ORIGIN}/files") == (401, "wrong_audience")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"key": THIEF}, "other_key"),
        ({"htu": "https://evil.example.com/mcp"}, "invalid_proof"),
        ({"iat": 10**400}, "invalid_proof"),
        ({"jti": None}, "invalid_proof"),
    ],
)
def test_reason_of_a_refused_proof_is_logged_without_the_proof(judge, arguments, reason):
    assert judge(**arguments) == (401, reason)


def test_record_says_what_was_expected(judge, caplog):
    judge(htu="https://evil.example.com/mcp")
    [record] = [record for record in caplog.records if hasattr(record, "reason")]
    assert record.getMessage() == (
        f"Refused a token for {RESOURCE}: invalid_proof: expected htu '{RESOURCE}', "
        "received htu 'https://evil.example.com/mcp'"
    )


def test_nonce_that_is_required_is_logged(judge, settings):
    settings.MCP_DPOP_NONCE_REQUIRED = True
    assert judge() == (401, "nonce_required")
