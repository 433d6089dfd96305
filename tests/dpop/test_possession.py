"""A token works only with its key, in each way to protect an endpoint."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.protection import complete
from mcp_oauth_discovery.signals import token_accepted, token_refused
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN, PRM
from tests.dpop import endpoints
from tests.dpop.proofs import THIEF, make_proof

pytestmark = pytest.mark.django_db

METADATA = f"{ORIGIN}{PRM}/mcp"
ALGS = "ES256 EdDSA RS256"
MODES = ["accept", "require"]


@pytest.fixture(params=endpoints.NAMES)
def way(request):
    return request.param


@pytest.fixture
def url(way):
    return lambda dpop: f"{ORIGIN}{endpoints.prefix(dpop, way)}/mcp"


@pytest.fixture
def reasons():
    """The reasons that both signals have sent."""
    reasons = []

    def receive(*, reason, **kwargs):
        reasons.append(reason)

    for signal in (token_accepted, token_refused):
        signal.connect(receive)
    yield reasons
    for signal in (token_accepted, token_refused):
        signal.disconnect(receive)


def errors(response):
    """Return the schemes of the challenges of a refusal, with their errors."""
    return [(each.scheme, each.parameters.get("error")) for each in challenges(response)]


def challenges(response):
    return parse(response["WWW-Authenticate"])


@pytest.mark.parametrize("dpop", MODES)
def test_token_with_the_proof_of_its_key_is_accepted(send, way, reasons, dpop):
    response = send("DPoP bound-token", dpop=dpop, way=way)
    assert response.status_code == 200, response.content
    assert reasons == ["accepted"]


@pytest.mark.parametrize("scheme", ["dpop", "DPOP"])
def test_scheme_may_be_in_any_case(send, scheme):
    assert send(f"{scheme} bound-token").status_code == 200


def test_accept_takes_bearer_tokens_too(send, way, reasons):
    assert send("Bearer plain-token", None, way=way).status_code == 200
    assert reasons == ["accepted"]


def test_require_refuses_each_bearer_token(send, way, reasons):
    response = send("Bearer plain-token", dpop="require", way=way)
    assert response.status_code == 401
    assert errors(response) == [("DPoP", "invalid_token")]
    assert reasons == ["dpop_required"]


class TestStolenToken:
    """A thief has the token, and not the key."""

    def refused(self, response, *expected):
        assert response.status_code == 401
        assert errors(response) == [*expected]
        assert b"7" not in response.content

    def test_is_refused_as_bearer(self, send, way, reasons):
        for proof in (None, make_proof("bound-token")):
            response = send("Bearer bound-token", proof, way=way)
            self.refused(response, ("Bearer", "invalid_token"), ("DPoP", None))
        assert reasons == ["sender_constrained"] * 2

    def test_is_refused_as_bearer_without_the_option(self, send, way, reasons):
        response = send("Bearer bound-token", dpop=None, way=way)
        self.refused(response, ("Bearer", "invalid_token"))
        assert reasons == ["sender_constrained"]

    @pytest.mark.parametrize("dpop", MODES)
    def test_is_refused_with_the_key_of_the_thief(self, send, way, url, reasons, dpop):
        proof = make_proof("bound-token", key=THIEF, htu=url(dpop))
        response = send("DPoP bound-token", proof, dpop=dpop, way=way)
        bearer = [("Bearer", None)] if dpop == "accept" else []
        self.refused(response, *bearer, ("DPoP", "invalid_token"))
        assert reasons == ["other_key"]

    def test_is_refused_without_a_proof(self, send, way, reasons):
        response = send("DPoP bound-token", None, way=way)
        self.refused(response, ("Bearer", None), ("DPoP", "invalid_dpop_proof"))
        assert reasons == ["no_proof"]

    @pytest.mark.parametrize(
        "claims",
        [{"htu": "https://other.example.com/mcp"}, {"htm": "GET"}, {"iat": 1}, {"ath": "x"}],
        ids=["another server", "another method", "old", "another token"],
    )
    def test_is_refused_with_the_proof_of_another_request(self, send, way, url, reasons, claims):
        proof = make_proof("bound-token", **{"htu": url("accept"), **claims})
        response = send("DPoP bound-token", proof, way=way)
        self.refused(response, ("Bearer", None), ("DPoP", "invalid_dpop_proof"))
        assert reasons == ["invalid_proof"]

    def test_is_refused_with_a_proof_that_the_client_has_used(self, send, way, url, reasons):
        proof = make_proof("bound-token", htu=url("accept"))
        assert send("DPoP bound-token", proof, way=way).status_code == 200
        response = send("DPoP bound-token", proof, way=way)
        self.refused(response, ("Bearer", None), ("DPoP", "invalid_dpop_proof"))
        assert reasons == ["accepted", "replayed_proof"]

    def test_is_refused_with_two_proofs(self, send, way, url):
        proof = make_proof("bound-token", htu=url("accept"))
        response = send("DPoP bound-token", f"{proof},{proof}", way=way)
        self.refused(response, ("Bearer", None), ("DPoP", "invalid_dpop_proof"))


@pytest.mark.parametrize("dpop", MODES)
@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("plain-token", "not_bound"),
        ("null-bound-token", "not_bound"),
        ("certificate-token", "sender_constrained"),
        ("doubly-bound-token", "sender_constrained"),
        ("text-bound-token", "sender_constrained"),
        ("empty-bound-token", "sender_constrained"),
        ("number-bound-token", "other_key"),
        ("unknown-token", "invalid"),
    ],
)
def test_token_that_is_not_bound_to_a_key_of_dpop_is_refused(send, reasons, token, reason, dpop):
    response = send(f"DPoP {token}", dpop=dpop)
    assert response.status_code == 401
    assert errors(response)[-1] == ("DPoP", "invalid_token")
    assert reasons == [reason]


def test_bearer_token_with_any_confirmation_is_refused(send, reasons):
    for token in ("certificate-token", "null-bound-token", "empty-bound-token"):
        assert errors(send(f"Bearer {token}"))[0] == ("Bearer", "invalid_token")
    assert reasons == ["sender_constrained"] * 3


def test_token_is_verified_before_the_proof(send, reasons):
    send("DPoP unknown-token", "no proof")
    assert reasons == ["invalid"]


def test_proof_of_a_refused_token_takes_no_space_in_the_cache(send, settings):
    settings.CACHES = {"default": {"BACKEND": "tests.dpop.broken.Cache"}}
    assert send("DPoP unknown-token").status_code == 401
    assert send("DPoP bound-token", make_proof("bound-token", key=THIEF)).status_code == 401


@pytest.mark.usefixtures("broken_cache")
def test_cache_that_fails_is_a_503_and_never_a_pass(send, way, caplog):
    response = send("DPoP bound-token", way=way)
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert "token.unverified" in [getattr(record, "event", "") for record in caplog.records]


class TestChallenge:
    def test_accept_offers_bearer_first(self, send, way):
        response = send(None, None, way=way)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == (
            f'Bearer resource_metadata="{METADATA}", scope="mcp", '
            f'DPoP algs="{ALGS}", resource_metadata="{METADATA}", scope="mcp"'
        )

    def test_require_offers_dpop_alone(self, send, way):
        response = send(None, None, dpop="require", way=way)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == (
            f'DPoP algs="{ALGS}", resource_metadata="{METADATA}", scope="mcp"'
        )

    def test_proof_without_a_token_has_no_error(self, send, way):
        assert errors(send(None, way=way)) == [("Bearer", None), ("DPoP", None)]

    def test_scope_that_is_missing_is_a_403_for_the_scheme_of_the_token(self, send, way):
        response = send("DPoP bound-token-without-scope", way=way)
        assert response.status_code == 403
        assert errors(response) == [("Bearer", None), ("DPoP", "insufficient_scope")]
        assert [each.parameters["scope"] for each in challenges(response)] == ["mcp", "mcp"]

    @pytest.mark.parametrize(
        ("authorization", "status", "error"),
        [
            ("DPoP", 401, "invalid_token"),
            ("DPoP a b", 401, "invalid_token"),
            ("DPoP aa, DPoP bb", 400, "invalid_request"),
            ("Basic YTpi, DPoP bb", 400, "invalid_request"),
        ],
    )
    def test_credentials_that_are_no_token(self, send, way, authorization, status, error):
        response = send(authorization, None, way=way)
        assert response.status_code == status
        assert errors(response) == [("Bearer", None), ("DPoP", error)]

    def test_credentials_of_both_schemes_are_refused(self, send, way):
        response = send("DPoP bound-token, Bearer plain-token", way=way)
        assert response.status_code == 400
        assert errors(response) == [("Bearer", "invalid_request"), ("DPoP", "invalid_request")]

    def test_nonce_comes_with_the_refusal_and_works(self, send, way, url, settings, reasons):
        settings.MCP_DPOP_NONCE_REQUIRED = True
        response = send("DPoP bound-token", way=way)
        assert response.status_code == 401
        assert errors(response) == [("Bearer", None), ("DPoP", "use_dpop_nonce")]
        proof = make_proof("bound-token", htu=url("accept"), nonce=response["DPoP-Nonce"])
        assert send("DPoP bound-token", proof, way=way).status_code == 200
        assert reasons == ["nonce_required", "accepted"]

    def test_other_refusals_have_no_nonce(self, send, way, settings):
        settings.MCP_DPOP_NONCE_REQUIRED = True
        for response in (send(None, None, way=way), send("DPoP unknown-token", way=way)):
            assert "DPoP-Nonce" not in response

    def test_scripts_may_read_challenge_and_nonce(self, send, way):
        response = send("DPoP bound-token", None, way=way)
        exposed = response["Access-Control-Expose-Headers"]
        assert {"WWW-Authenticate", "DPoP-Nonce"} <= {*exposed.split(", ")}
        assert response["Access-Control-Allow-Origin"] == "*"


# REST framework needs the mixin to answer OPTIONS, and django-mcpz answers it itself.
@pytest.mark.parametrize(
    "way", [way for way in endpoints.NAMES if way not in ("rest framework", "django-mcpz")]
)
@pytest.mark.parametrize(("dpop", "is_named"), [("accept", True), ("require", True), (None, False)])
def test_preflight_allows_proofs_with_the_option_alone(send, way, dpop, is_named):
    response = send(None, None, method="options", dpop=dpop, way=way)
    assert response.status_code == 204
    assert ("dpop" in response["Access-Control-Allow-Headers"].split(", ")) is is_named


class TestOwnAnswers:
    """Refusals of the view itself, to a request that the protection has admitted."""

    def test_401_gets_both_challenges(self, send):
        assert errors(send("DPoP bound-token", way="own-401")) == [("Bearer", None), ("DPoP", None)]
        assert errors(send("DPoP bound-token", dpop="require", way="own-401")) == [("DPoP", None)]

    def test_401_of_a_view_that_asks_no_protection_gets_both_challenges(self, rf):
        view = complete(endpoints.own(401), endpoints.PROTECTIONS["accept"])
        assert errors(view(rf.post("/mcp"))) == [("Bearer", None), ("DPoP", None)]

    def test_403_of_either_scheme_is_completed(self, send):
        for way in ("own-bearer-403", "own-dpop-403"):
            response = send("DPoP bound-token", way=way)
            assert [each.scheme for each in challenges(response)] == ["Bearer", "DPoP"]
            assert {each.parameters["resource_metadata"] for each in challenges(response)} == {
                METADATA
            }

    def test_parameters_of_the_view_stay(self, send):
        dpop = challenges(send("DPoP bound-token", way="own-dpop-401"))[1]
        assert dict(dpop.parameters) == {
            "algs": ALGS,
            "resource_metadata": METADATA,
            "scope": "mcp",
            "error": "invalid_token",
            "realm": "x",
        }

    def test_403_without_a_challenge_stays_as_it_is(self, send):
        assert "WWW-Authenticate" not in send("DPoP bound-token", way="own-403")

    def test_result_of_a_tool_has_both_challenges(self, send):
        result = send("DPoP bound-token", way="tool").json()
        [bearer, dpop] = result["_meta"]["mcp/www_authenticate"]
        assert bearer == f'Bearer resource_metadata="{METADATA}", scope="files"'
        assert dpop.startswith(f'DPoP algs="{ALGS}", ')
        assert 'error="insufficient_scope"' in dpop
