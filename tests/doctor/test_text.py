"""How a report reads: causes first, the fix in the second line, and a sentence at the end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from django.utils import translation

from mcp_oauth_discovery.doctor.clients import EVERY, Client
from mcp_oauth_discovery.doctor.findings import (
    Finding,
    Severity,
    Skipped,
    documentation,
    finding,
    passed,
)
from mcp_oauth_discovery.doctor.output.text import MOST_OBSERVATIONS, MOST_URLS, lines, summary
from mcp_oauth_discovery.doctor.output.wrapping import COLUMNS, wrapped
from mcp_oauth_discovery.doctor.printing import pointed
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEPS
from tests.doctor.world import ENDPOINT, JWKS, ORIGIN, PRM, SERVER, World, report_on
from tests.translations.catalogues import LANGUAGES

OTHER = f"{ORIGIN}/other"
UNREACHED = Skipped("jwks", "Keys", "no document was found")


def marked(name: str, text: str) -> str:
    return f"<{name}>{text}</{name}>"


PALETTE = {
    name: partial(marked, name)
    for name in ("heading", "fix", "section", *(severity.value for severity in Severity))
}


def found(code: str, url: str = SERVER, seen: str = "", **changes) -> Finding:
    return finding(replace(ENTRIES[code], **changes), url, seen)


def report(*findings: Finding, skipped: tuple[Skipped, ...] = ()) -> Report:
    return Report((EndpointReport(ENDPOINT, findings, skipped),))


def printed(world: World) -> Report:
    return Report((report_on(world),))


def block(*findings: Finding) -> list[str]:
    """Return the lines of the first block in a report."""
    [_, *rest] = str(report(*findings)).splitlines()
    return [line.strip() for line in rest[: rest.index("")]]


def test_healthy_site_has_a_line_for_each_step_then_the_clients_and_a_sentence():
    output = list(lines(printed(World()), PALETTE))
    assert output[0] == f"<heading>From {ENDPOINT}</heading>"
    assert output[1] == (
        "  <pass>ok      </pass>  Connection: "
        "clients reach each address, over TLS or on this machine"
    )
    marks = [line for line in output if line.startswith("  <pass>")]
    assert len(marks) == len(STEPS)
    assert output[-1 - len(Client)] == "<heading>Clients</heading>"
    assert str(printed(World())).splitlines()[-1] == "No problems found."


def test_block_has_the_fix_second_and_where_to_read_more_last():
    world = World()
    world.server["issuer"] = f"{ORIGIN}/"
    output = list(lines(printed(world), PALETTE))
    assert output[: output.index("")] == [
        f"<heading>From {ENDPOINT}</heading>",
        "  <error>error   </error>  as-issuer-slash",
        "    <fix>Fix:      Use the same spelling in issuer and in authorization_servers,</fix>",
        "    <fix>          preferably without the final slash.</fix>",
        "    Seen:     https://app.example.com/",
        "              https://app.example.com is expected",
        "                                     ^",
        f"    At:       {SERVER}",
        "    Expected: the issuer of authorization_servers, character by character",
        "    Clients:  Python SDK, TypeScript SDK, Inspector",
        "    <section>See:      RFC 8414 §3.3</section>",
        f"    <section>          {documentation('as-issuer-slash')}</section>",
    ]


def test_first_ten_lines_have_the_cause_its_fix_and_what_was_seen():
    refused = [found("reach-refused", f"https://as.example.net/{place}") for place in range(9)]
    names = ("reach-refused", "as-not-found")
    cause = found("as-issuer-mismatch", seen=pointed("https://as.example.net", ORIGIN))
    cause = replace(cause, explains=names)
    text = str(report(*refused, found("as-not-found"), cause))
    beginning = "\n".join(text.splitlines()[:10])
    assert "as-issuer-mismatch" in beginning
    assert "Fix:      " in beginning
    assert "https://as.example.net\n" in beginning
    assert SERVER in beginning
    assert "    Explains: reach-refused at 9 URLs, as-not-found\n" in text
    assert text.endswith("\n3 errors. Start with as-issuer-mismatch.")
    assert text.count("Fix:") == 1


def test_same_observation_at_several_urls_is_printed_once():
    urls = [f"{ORIGIN}/{place}" for place in range(MOST_URLS)]
    assert block(*(found("cors-document", url, "No header.") for url in urls)) == [
        f"error     cors-document at {MOST_URLS} URLs",
        "Fix:      Send Access-Control-Allow-Origin: * with the documents.",
        "Seen:     No header.",
        f"At:       {urls[0]}",
        *urls[1:],
        "Expected: Access-Control-Allow-Origin: *",
        "Clients:  Inspector",
        "See:      Fetch, CORS check",
        documentation("cors-document"),
    ]


def test_of_many_urls_the_first_are_printed_and_the_others_counted():
    urls = [f"{ORIGIN}/{place}" for place in range(MOST_URLS + 2)]
    output = block(*(found("cors-document", url, "No header.") for url in urls))
    assert output[0] == f"error     cors-document at {len(urls)} URLs"
    assert output[3 : 4 + MOST_URLS] == [
        f"At:       {urls[0]}",
        *urls[1:MOST_URLS],
        "… and 2 more",
    ]


def test_each_observation_is_printed_with_its_url():
    output = block(found("cors-document", PRM, "One."), found("cors-document", JWKS, "Another."))
    assert output[2:7] == [
        "Seen:     One.",
        f"At:       {PRM}",
        "Seen:     Another.",
        f"At:       {JWKS}",
        "Expected: Access-Control-Allow-Origin: *",
    ]


def test_other_expectations_are_printed_with_their_observation():
    one, other = found("cors-document", PRM, "One."), found("cors-document", JWKS, "Another.")
    output = block(one, replace(other, expected="Something else."))
    assert output[4] == "Expected: Access-Control-Allow-Origin: *"
    assert output[7] == "Expected: Something else."


def test_several_observations_at_one_url_have_it_once():
    keys = [found("jwks-private", JWKS, f"The key {name} has d.") for name in "ab"]
    assert block(*keys)[0] == "critical  jwks-private"
    assert block(*keys)[2:5] == [
        "Seen:     The key a has d.",
        "The key b has d.",
        f"At:       {JWKS}",
    ]


def test_of_many_observations_the_first_are_printed_and_the_others_counted():
    several = [
        found("cors-document", f"{ORIGIN}/{place}", f"Observation {place}.")
        for place in range(MOST_OBSERVATIONS + 3)
    ]
    observations = [line for line in block(*several) if line.startswith("Seen:")]
    assert len(observations) == MOST_OBSERVATIONS + 1
    assert observations[-1] == "Seen:     … and 3 more."


def test_clients_of_a_block_are_those_of_all_its_findings():
    findings = [
        found("cors-document", PRM, clients=(Client.GO,)),
        found("cors-document", JWKS, clients=(Client.GO, Client.CLAUDE)),
    ]
    assert "Clients:  Claude, Go SDK" in block(*findings)


def test_error_that_stops_no_client_is_printed_as_such():
    assert "Clients:  no known client; strict clients may stop" in block(found("jwks-weak"))


def test_information_is_advice_after_the_problems_and_is_not_counted():
    note = found("jwks-elsewhere")
    output = list(lines(report(note, found("cors-document")), PALETTE))
    [place] = [place for place, line in enumerate(output) if line.endswith("  jwks-elsewhere")]
    assert output[place - 1] == ""
    assert output[place] == "  <info>info    </info>  jwks-elsewhere"
    assert output[place + 1].startswith("    Advice:   Check the keys separately")
    assert "Clients:" not in "\n".join(block(note))
    assert summary(report(note, found("cors-document"))) == "1 error. Start with cors-document."
    assert summary(report(note)) == "No problems found."


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        (["jwks-private"], "1 critical problem. Start with jwks-private."),
        (
            ["cache-long", "cors-document", "jwks-private", "as-not-found"],
            "1 critical problem, 2 errors, 1 warning. Start with jwks-private.",
        ),
        (["cache-long", "cors-document", "cache-vary"], "1 error, 2 warnings."),
    ],
)
def test_last_line_counts_blocks_and_says_where_to_start(codes, sentence):
    for urls in ([SERVER], [SERVER, PRM]):
        findings = [found(code, url) for code in codes for url in urls]
        assert str(report(*findings)).splitlines()[-1].startswith(sentence)


def test_steps_that_were_skipped_for_one_reason_are_one_line():
    skipped = (
        UNREACHED,
        Skipped("cors", "CORS", UNREACHED.reason),
        Skipped("load", "Load", "b\x1b"),
    )
    output = list(lines(report(passed(STEPS[0], ENDPOINT), skipped=skipped), PALETTE))
    assert output[2:] == [
        "  skipped   Keys, CORS: no document was found",
        "  skipped   Load: b\\x1b",
        "<heading>Clients</heading>",
        "  Not judged, because steps were skipped.",
    ]


def test_good_news_is_limited_to_what_was_checked():
    assert summary(report(skipped=(UNREACHED,))) == (
        "No problems found in what was checked; 1 step was skipped."
    )
    skipped = (UNREACHED, Skipped("cors", "CORS", "a reason"))
    assert summary(report(skipped=skipped)) == (
        "No problems found in what was checked; 2 steps were skipped."
    )
    both = [EndpointReport(url, (), skipped) for url in (ENDPOINT, OTHER)]
    assert summary(Report(tuple(both))).endswith("; 2 steps were skipped.")


def test_every_client_has_a_line_with_its_basis():
    world = World()
    del world.server["registration_endpoint"]
    del world.server["client_id_metadata_document_supported"]
    world.server["issuer"] = f"{ORIGIN}/"
    output = list(lines(printed(world), PALETTE))
    clients = output[output.index("<heading>Clients</heading>") + 1 :]
    assert len(clients) == len(Client)
    assert clients[0] == (
        "  Claude          <warning>may fail</warning>: as-registration "
        "(by what Anthropic publishes)"
    )
    assert "  Python SDK      <error>stops</error>: as-issuer-slash (by mcp 2.3.0)" in clients


def test_client_is_stopped_by_the_cause():
    cause = found("cors-document", clients=(), explains=("as-not-found",))
    consequences = [found("as-not-found"), found("as-issuer-missing", clients=(Client.GO,))]
    output = str(report(*consequences, cause))
    assert "Go SDK          stops: cors-document, as-issuer-missing (by " in output
    assert "Claude          stops: cors-document (by what Anthropic publishes)" in output


def test_many_codes_that_stop_a_client_are_on_several_lines():
    codes = ["as-not-found", "as-issuer-missing", "reach-refused", "endpoint-not-found"]
    output = str(report(*(found(code, clients=(Client.GO,)) for code in codes))).splitlines()
    [place] = [place for place, line in enumerate(output) if line.startswith("  Go SDK")]
    assert len(output[place]) <= COLUMNS
    assert output[place + 1].startswith(" " * 18 + "endpoint-not-found")


def test_what_is_the_same_at_several_endpoints_is_printed_once():
    findings = (passed(STEPS[0], ENDPOINT), found("cors-document"))
    output = str(Report(tuple(EndpointReport(url, findings) for url in (ENDPOINT, OTHER))))
    assert output.startswith(f"From {ENDPOINT}\nFrom {OTHER}\n  error     cors-document\n")
    assert output.count("\n  ok        Connection: clients reach each address") == 1
    assert output.count("\nClients\n") == 1
    assert output.endswith("\n1 error. Start with cors-document.")


def test_what_differs_between_endpoints_is_printed_with_the_endpoint():
    world = World()
    healthy = EndpointReport(OTHER, report_on(world).findings)
    faulty = report(found("endpoint-not-found", ENDPOINT), skipped=(UNREACHED,)).reports[0]
    output = str(Report((healthy, faulty)))
    assert f"(at {OTHER})\n" in " ".join(output.split("\n            "))
    assert f"\n  skipped   Keys: no document was found (at {ENDPOINT})\n" in output
    assert f"\nClients (at {OTHER})\n  Claude          no problems found" in output
    assert f"\nClients (at {ENDPOINT})\n  Not judged" in output


def test_of_many_endpoints_the_first_are_named():
    reports = [EndpointReport(f"{ORIGIN}/{place}", ()) for place in range(MOST_URLS + 1)]
    headings = [line for line in lines(Report(tuple(reports)), PALETTE) if ">From " in line]
    assert (len(headings), headings[-1]) == (MOST_URLS + 1, "<heading>From … and 1 more</heading>")


def test_text_of_the_site_is_escaped_in_every_line():
    escape = "\x1b]0;owned\x07\u202e"
    url = f"{ORIGIN}/{escape}"
    one = found("cors-document", url, f"a {escape}", expected=escape, fix=f"b {escape}")
    reports = [EndpointReport(f"{url}{place}", (one,) * place) for place in range(2)]
    assert str(Report(tuple(reports))).replace("\n", "").isprintable()


def test_long_sentences_are_broken_between_words():
    output = wrapped("Some words. " * 20, 10)
    assert max(map(len, output)) <= COLUMNS - 10
    assert " ".join(output) == ("Some words. " * 20).strip()


@pytest.mark.parametrize(
    "text",
    [
        f"https://app.example.com/{'a-' * 60}",
        "manage.py mcp_keys revoke KID",
        "python manage.py mcp_discovery check https://app.example.com/mcp --strict",
        "'SECURE_PROXY_SSL_HEADER = None'",
        "`MCP_ISSUER = None`",
    ],
)
def test_urls_and_commands_stay_in_one_piece(text):
    for length in range(1, COLUMNS):
        output = wrapped(f"{'a' * length} {text} and more words", 0)
        assert any(text in line for line in output)


def test_apostrophes_do_not_keep_words_together():
    text = f"{'a' * 70} the proxy's own names, and the server's own names"
    assert wrapped(text, 0) == ["a" * 70 + " the", "proxy's own names, and the server's own names"]


def test_mark_stays_below_the_difference_in_long_identifiers():
    one, other = (f"https://app.example.com/{'a' * 70}{end}" for end in "bc")
    output = block(found("as-issuer-mismatch", seen=f"{pointed(one, other)}\nThe path differs."))
    place = next(place for place, line in enumerate(output) if line == "^")
    assert output[place - 2 : place + 2] == [
        f"Seen:     {one}",
        f"{other} is expected",
        "^",
        "The path differs.",
    ]
    [mark] = [
        line
        for line in str(report(found("as-issuer-mismatch", seen=pointed(one, other)))).splitlines()
        if line.strip() == "^"
    ]
    assert mark.index("^") == 14 + len(one) - 1


def test_empty_text_is_an_empty_line():
    assert wrapped("", 10) == [""]


BLOCKS = {
    "de": [
        "Fehler        cors-document bei 2 URLs",
        "Behebung:   Type it.",
        "Beobachtet: One.",
        f"Wo:         {PRM}",
        "Beobachtet: Another.",
        f"Wo:         {JWKS}",
        "Erwartet:   *",
        "Clients:    alle Clients",
        "Siehe:      Fetch, CORS check",
    ],
    "fr": [
        "erreur         cors-document pour 2 URL",
        "Correction\xa0: Type it.",
        "Observé\xa0:    One.",
        f"Où\xa0:         {PRM}",
        "Observé\xa0:    Another.",
        f"Où\xa0:         {JWKS}",
        "Attendu\xa0:    *",
        "Clients\xa0:    tous les clients",
        "Voir\xa0:       Fetch, CORS check",
    ],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_and_their_widths_are_those_of_the_language(language):
    with translation.override(language):
        one = found("cors-document", PRM, "One.", expected="*", fix="Type it.", clients=EVERY)
        output = block(one, replace(one, subject=JWKS, seen="Another."))
    assert output[:-1] == BLOCKS[language]


@pytest.mark.parametrize(
    ("language", "problems", "skipped"),
    [
        (
            "de",
            "1 kritisches Problem, 2 Fehler, 1 Warnung. Beginnen Sie mit jwks-private.",
            "Keine Probleme in dem gefunden, was geprüft wurde; 1 Schritt wurde übersprungen.",
        ),
        (
            "fr",
            "1 problème critique, 2 erreurs, 1 avertissement. Commencez par jwks-private.",
            "Aucun problème trouvé dans ce qui a été vérifié\xa0; 1 étape a été ignorée.",
        ),
    ],
)
def test_last_line_is_translated(language, problems, skipped):
    codes = ["cache-long", "cors-document", "jwks-private", "as-not-found"]
    with translation.override(language):
        assert summary(report(*map(found, codes))) == problems
        assert summary(report(skipped=(UNREACHED,))) == skipped


@pytest.mark.parametrize(
    ("language", "outcome"),
    [
        ("de", "<error>scheitert</error>: as-issuer-slash (nach mcp 2.3.0)"),
        ("fr", "<error>s\u2019arrête</error>\xa0: as-issuer-slash (d\u2019après mcp 2.3.0)"),
    ],
)
def test_line_of_a_client_is_translated(language, outcome):
    with translation.override(language):
        output = list(lines(report(found("as-issuer-slash")), PALETTE))
    assert f"  Python SDK      {outcome}" in output


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_fit_a_terminal_in_every_language(language):
    world = World()
    world.server["issuer"] = f"{ORIGIN}/"
    del world.document["Cache-Control"]
    with translation.override(language):
        several = [found("cors-document", f"{ORIGIN}/{place}", "A word. " * 30) for place in "ab"]
        output = str(Report((report_on(world), *report(*several, skipped=(UNREACHED,)).reports)))
    # URLs stay in one piece.
    texts = [line for line in output.splitlines() if "https://" not in line]
    too_long = [line for line in texts if len(line) > COLUMNS]
    assert too_long == []
