"""A site whose settings, keys and clock change, and which keeps its documents."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.discovery import publication, signed
from mcp_oauth_discovery.identity.index import resource_index
from mcp_oauth_discovery.identity.listing import pinned_listing
from mcp_oauth_discovery.models import FormerKey, SigningKey
from mcp_oauth_discovery.rotation import Refused
from mcp_oauth_discovery.signing.published import published_keys
from tests import ASM, CARD, CATALOG, JWKS, ORIGIN, PRM
from tests.keys import DAY, HOUR, NOW, SECOND
from tests.properties.key_store import NUMBERS, numbered

PATHS = (PRM, f"{PRM}/mcp", f"{PRM}/files/mcp/", f"{PRM}/files?x=1", ASM, f"{ASM}/t1", JWKS)
PATHS = (*PATHS, CARD, CATALOG)
HOSTS = ("app.example.com", "www.example.com")

_RESOURCE = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "resource_name": st.sampled_from(["Old", "New", "", None, 5]),
        "scopes_supported": st.lists(st.sampled_from(["mcp", "files", ""]), max_size=2),
        "authorization_servers": st.just(["https://login.example.com"]),
    },
)
_CARD = {"name": "com.example/files", "version": "1.0.0", "description": "Files"}
SETTINGS = {
    "MCP_ISSUER": st.sampled_from(
        [ORIGIN, f"{ORIGIN}/", f"{ORIGIN}/t1", "https://www.example.com", None, "nonsense"]
    ),
    "MCP_RESOURCE": st.sampled_from([None, f"{ORIGIN}/mcp", "https://www.example.com/files", 5]),
    "MCP_RESOURCES": st.dictionaries(
        st.sampled_from(["/mcp", "/files/mcp", "/files?x=1", "https://www.example.com/mcp", "x"]),
        _RESOURCE,
        max_size=3,
    ),
    "MCP_RESOURCE_METADATA": _RESOURCE.map(lambda members: {**members, "enabled": 1}),
    "MCP_AUTHORIZATION_SERVERS": st.sampled_from(
        [None, [ORIGIN], ["https://login.example.com"], [ORIGIN, f"{ORIGIN}/t1"], []]
    ),
    "MCP_AUTHORIZATION_SERVER_METADATA": st.fixed_dictionaries(
        {},
        optional={
            "token_endpoint": st.sampled_from(["/token", "oauth2_provider:token", "nowhere"]),
            "jwks_uri": st.sampled_from([None, "https://www.example.com/keys"]),
            "scopes_supported": st.lists(st.sampled_from(["mcp", "files"]), max_size=2),
        },
    ),
    "MCP_SIGNING_ALGORITHMS": st.sampled_from([["EdDSA"], ["ES256", "EdDSA"], [], ["x"]]),
    "MCP_SIGNED_METADATA": st.sampled_from([True, False, 1]),
    "MCP_METADATA_MAX_AGE": st.sampled_from([0, 1, True, 300]),
    "MCP_JWKS_MAX_AGE": st.sampled_from([0, 1, True, 300]),
    "MCP_SERVER_CARDS": st.sampled_from(
        [{}, {"/mcp": _CARD}, {"/mcp": {**_CARD, "version": "2.0.0"}}, {"/mcp": {}}]
    ),
    "LANGUAGE_CODE": st.sampled_from(["en", "de"]),
    "FORCE_SCRIPT_NAME": st.sampled_from([None, "/app"]),
    "ALLOWED_HOSTS": st.sampled_from([["*"], [".example.com"], ["www.example.com"]]),
    "DEBUG": st.booleans(),
}


def forget():
    """Drop all that a process keeps between requests."""
    publication._present = None  # noqa: SLF001
    resource_index.forget()
    pinned_listing.cache_clear()
    published_keys.reset()
    signed._sign.cache_clear()  # noqa: SLF001
    signed._failures.clear()  # noqa: SLF001


class Site(RuleBasedStateMachine):
    """Each step changes something. Then every document is compared with a new one."""

    @initialize()
    def begin(self):
        self.now, self.overrides = NOW, []
        self.original, timezone.now = timezone.now, lambda: self.now
        forget()
        self.override(MCP_ISSUER=ORIGIN, MCP_SIGNING_ALGORITHMS=["EdDSA"])

    def teardown(self):
        for override in reversed(getattr(self, "overrides", [])):
            override.disable()
        if hasattr(self, "original"):
            timezone.now = self.original
        SigningKey.objects.all().delete()
        FormerKey.objects.all().delete()

    def override(self, **values):
        override = override_settings(**values)
        override.enable()
        self.overrides.append(override)

    @rule(data=st.data(), name=st.sampled_from(sorted(SETTINGS)))
    def setting_changes(self, data, name):
        self.override(**{name: data.draw(SETTINGS[name])})

    @rule()
    def last_change_is_undone(self):
        if len(self.overrides) > 1:
            self.overrides.pop().disable()

    @rule(members=_RESOURCE, key=st.sampled_from(["/mcp", "/files/mcp"]))
    def resource_changes_in_place(self, members, key):
        self.override(MCP_RESOURCES={"/mcp": {}})
        self.ask_all()
        self.overrides[-1].options["MCP_RESOURCES"][key] = members

    @rule(span=st.sampled_from([SECOND, 10 * SECOND, HOUR, DAY, 2 * DAY, 90 * DAY]))
    def time_passes(self, span):
        self.now += span

    @rule(span=st.timedeltas(timedelta(0), 3 * DAY))
    def clock_is_set_back(self, span):
        self.now -= span

    @rule(algorithm=st.sampled_from(["EdDSA", "ES256"]))
    def rotate(self, algorithm):
        self.change(rotation.rotate, algorithm)

    @rule(number=NUMBERS, act=st.sampled_from([rotation.retire, rotation.revoke]))
    def key_ends(self, number, act):
        if kid := numbered(number):
            self.change(act, kid)

    @rule()
    def keys_are_deleted(self):
        SigningKey.objects.all().delete()

    def change(self, function, *args):
        with suppress(Refused, Misconfigured):
            function(*args)

    def ask_all(self):
        """Return every document, as a client gets it from each host."""
        client = Client()
        answers = {}
        for path in PATHS:
            for host in HOSTS:
                answer = client.get(path, headers={"host": host}, secure=True)
                headers = {name: answer.get(name) for name in ("Cache-Control", "ETag")}
                answers[path, host] = answer.status_code, headers, answer.content
        return answers

    @invariant()
    def publication_equals_the_documents_built_from_scratch(self):
        # The second answer may be a kept document.
        self.ask_all()
        kept = self.ask_all()
        forget()
        assert kept == self.ask_all()
