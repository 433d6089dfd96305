"""Each target of the fuzzer holds for its seeds, and for what the fuzzer found once."""

from __future__ import annotations

import argparse

import pytest

from mcp_oauth_discovery.doctor.walk.reading import Reading
from tests.robustness import fuzz
from tests.robustness.fuzzing.seeds import ISSUER
from tests.robustness.fuzzing.site import import_signer
from tests.robustness.fuzzing.targets import TARGETS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MCP_ISSUER = ISSUER
    import_signer()


def run_seeds(name):
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_target_holds_for_its_seeds(name):
    assert TARGETS[name].seeds
    run_seeds(name)


@pytest.mark.parametrize(
    ("name", "patched", "broken"),
    [
        ("challenges", "challenges.parse_repeated", lambda *lines: 1 / 0),
        ("keys", "keys.jwk.public_jwk", lambda key, algorithm: {"kty": "OKP", "d": "secret"}),
        ("tokens", "tokens.verify_jwt", lambda token, **options: {"sub": "7"}),
        ("messages", "messages.read_operations", lambda request: ()),
        ("answers", "doctor.read_body", lambda stream, head, limit: b"x" * (limit + 1)),
        ("documents", "doctor.read", lambda answer: Reading()),
        ("key-sets", "doctor.key_forms.weakness", lambda key: "a flaw"),
        ("reports", "doctor.lines", lambda report, palette: ["\x1b[0m"]),
    ],
)
def test_target_notices_a_broken_property(monkeypatch, name, patched, broken):
    monkeypatch.setattr(f"tests.robustness.fuzzing.{patched}", broken)
    with pytest.raises((AssertionError, ZeroDivisionError)):
        run_seeds(name)


def test_output_of_the_fuzzer_is_summarised():
    output = (
        "#512\tNEW    cov: 86 ft: 157 corp: 23/1083b lim: 135 exec/s: 4670\nDone 9000 runs in 2 s"
    )
    assert fuzz.summary(output) == "512 executions, 86 edges, 23 inputs kept"
    done = output.replace("2 s", "2 second(s)")
    assert fuzz.summary(done) == "9,000 executions, 86 edges, 23 inputs kept"
    assert fuzz.summary("an error") == "no executions after the seeds"


def test_unknown_target_is_refused():
    options = argparse.Namespace(targets=["no-such"], seconds=1, seed=1)
    with pytest.raises(SystemExit, match=r"Unknown: no-such. The targets are challenges, "):
        fuzz.run(options)
