"""What `--json` prints, and what no output has in it."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.models import SigningKey
from tests.keys import PRIVATE_MEMBERS
from tests.mcp_keys.command import active, ago, document, mcp_keys, pending
from tests.mcp_keys.files import KEYS, private_pem, public_pem

pytestmark = pytest.mark.django_db


# What stands in the documents of --json. Scripts read them: a name is added, never changed.
KEY = {
    "kid",
    "algorithm",
    "state",
    "in_jwk_set",
    "has_private_key",
    "created_at",
    "activates_at",
    "retires_at",
    "expires_at",
    "revoked_at",
}
DOCUMENTS = {
    "rotate": {"created", "dry_run"},
    "list": {"keys"},
    "retire": {"retired", "successor", "dry_run"},
    "revoke": {"revoked", "successor", "dry_run", "cached_until"},
    "import": {"imported"},
    "prune": {"erased", "deleted", "dry_run"},
    "reencrypt": {"reencrypted"},
}


@pytest.fixture
def every_output(file):
    """Yield each subcommand with what it prints, in both forms, on a store with all algorithms."""

    def outputs():
        for algorithm in ALGORITHMS:
            rotation.rotate(algorithm, now=ago(2))
        for name, (native, _) in KEYS.items():
            yield "import", mcp_keys("import", file(private_pem(native)))
            yield "list", mcp_keys("list")
            yield "revoke", document("revoke", pending(name).kid)
        yield "rotate", mcp_keys("rotate")
        yield "rotate", document("rotate")
        yield "rotate", document("rotate", "--algorithm", "ES256")
        yield (
            "import",
            document(
                "import", file(public_pem(ed25519.Ed25519PrivateKey.generate())), "--public-only"
            ),
        )
        yield "reencrypt", mcp_keys("reencrypt")
        yield "reencrypt", document("reencrypt")
        for algorithm in ALGORITHMS:
            for command in ("retire", "revoke"):
                for options in (["--dry-run"], []):
                    yield command, mcp_keys(command, active(algorithm).kid, *options)
                    if active(algorithm):
                        yield command, document(command, active(algorithm).kid, *options)
                rotation.rotate(algorithm)
        yield "list", document("list")
        yield "prune", document("prune", "--dry-run")
        yield "prune", mcp_keys("prune", "--dry-run")
        yield "prune", mcp_keys("prune")
        yield "prune", document("prune")

    return outputs


def test_json_has_the_documented_members(every_output):
    commands = set()
    for command, output in every_output():
        if isinstance(output, dict):
            commands.add(command)
            assert set(output) == DOCUMENTS[command]
            members = [one if isinstance(one, list) else [one] for one in output.values()]
            described = [one for several in members for one in several if isinstance(one, dict)]
            assert all(set(one) == KEY for one in described)
    assert commands == set(DOCUMENTS)


def secrets(half):
    """Return what nobody may read of the private half of a key, in each of its forms."""
    members = half.as_dict(private=True)
    lines = jwk.to_pem(half).splitlines()[1:-1]
    return [members[name] for name in PRIVATE_MEMBERS if name in members] + lines


def test_no_output_has_anything_private(every_output):
    private = {key.thumbprint(): secrets(key) for _, key in KEYS.values()}
    told = []
    for _, output in every_output():
        told.append(output if isinstance(output, str) else json.dumps(output))
        for key in SigningKey.objects.exclude(private_key=""):
            private.setdefault(key.private_key, [key.private_key])
            if key.kid not in private:
                private[key.kid] = secrets(key.unseal())
    text = "".join(told)
    assert "PRIVATE KEY" not in text
    assert not [secret for several in private.values() for secret in several if secret in text]
