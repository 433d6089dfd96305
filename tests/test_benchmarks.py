"""The benchmark: its arithmetic, tables and chart, what its page says, and a short run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks.chart import draw
from benchmarks.documents import CONTENDERS
from benchmarks.goals import GOALS, outcomes
from benchmarks.load import WRK_IS_MISSING, count_requests
from benchmarks.page import BEGIN, CHART, END, with_results
from benchmarks.results import Row, interleave, ratio
from benchmarks.servers import program
from benchmarks.tables import as_markdown, as_text, goal_table, number, tables
from tests.clients.environments import unavailable
from tests.markdown import CHECKOUT, blocks, read, section

PAGE = read("docs/performance.md")
ABOUT = {"Command": "python -m benchmarks", "Date": "2026-01-01"}


def row(contender, *samples, case="PRM", group="gunicorn", subject="documents"):
    return Row(subject, group, case, contender, "requests per second", [*map(float, samples)])


ROWS = [
    row("raw server", 600),
    row("bare Django view", 300),
    row("our middleware", 450),
    row("raw server", 500, case="JWK Set"),
    row("bare Django view", 250, case="JWK Set"),
    row("our middleware", 300, case="JWK Set"),
    row("nginx, exported files", 30_000, case="JWK Set"),
    row("bare Django view", 100, group="uvicorn"),
    row("our middleware", 200, group="uvicorn"),
]


def test_value_is_the_median_of_the_samples():
    assert row("our views", 9, 1, 2).value == 2


def test_ratio_is_the_median_of_the_ratios_of_each_round():
    assert ratio(row("our views", 2, 9, 12), row("raw server", 1, 3, 6)) == 2


def test_rounds_are_interleaved_and_every_second_one_is_in_reverse_order():
    calls = []
    measures = {name: lambda name=name: calls.append(name) or len(calls) for name in "ab"}
    assert interleave(measures, 2) == {"a": [1, 4], "b": [2, 3]}


def test_requests_are_read_from_the_report_of_wrk():
    assert count_requests("/", "  Requests\n  6789 requests in 0.70s, 1MB read\n") == 6789


@pytest.mark.parametrize(
    "output", ["", "0 requests in 1s", "9 requests in 1s\n  Non-2xx or 3xx responses: 1"]
)
def test_failure_under_load_stops_the_command(output):
    with pytest.raises(SystemExit, match="failed under load"):
        count_requests("/", output)


def test_goal_is_judged_by_its_worst_case():
    [gunicorn, uvicorn] = outcomes(ROWS)
    assert (gunicorn.measured, gunicorn.case, gunicorn.is_met) == (1.2, "gunicorn, JWK Set", False)
    assert (uvicorn.measured, uvicorn.is_met) == (2, True)


def test_goal_for_a_time_is_an_upper_limit():
    rows = [
        row("1,000", 14, subject="resources"),
        row("1", 10, subject="resources"),
    ]
    [outcome] = outcomes(rows)
    assert (outcome.limit, outcome.is_met) == ("at most 1.3", False)


def test_one_query_misses_the_goal():
    [outcome] = outcomes([row("our views", 0.01, subject="queries")])
    assert not outcome.is_met


def test_queries_of_another_package_are_no_goal():
    assert outcomes([row("django-oauth-toolkit", 2, subject="queries")]) == []


def test_table_has_the_ratios_to_both_bases():
    [gunicorn, _] = tables(ROWS)
    assert gunicorn.head == ["", "PRM", "JWK Set"]
    assert gunicorn.lines[2] == ["our middleware", "450 · 1.50 · 0.75", "300 · 1.20 · 0.60"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.014, "0.01"), (4.46, "4.46"), (64.0, "64"), (86.96, "87.0")]
)
def test_small_numbers_have_digits_after_the_point(value, text):
    assert number(value) == text


def test_table_has_a_gap_where_a_contender_lacks_a_document():
    [gunicorn, _] = tables(ROWS)
    assert gunicorn.lines[3][:2] == ["nginx, exported files", "-"]


def test_columns_of_the_terminal_are_aligned():
    lines = as_text(goal_table(outcomes(ROWS))).splitlines()[2:]
    assert {line.rindex("  ") for line in lines} == {lines[1].rindex("  ")}


def test_goals_are_a_table_in_markdown():
    lines = as_markdown(goal_table(outcomes(ROWS))).splitlines()
    limit = "| Middleware on gunicorn, to the bare view | at least 1.4 |"
    assert f"{limit} 1.20 | gunicorn, JWK Set | missed |" in lines


def test_chart_has_a_bar_for_the_slowest_document_of_each_contender():
    chart = ElementTree.fromstring(draw(ROWS))  # noqa: S314
    texts = [text.text for text in chart.findall("{*}text")]
    assert len(chart.findall("{*}rect")) == 5
    assert texts[texts.index("our middleware") + 1] == "1.20"


def test_chart_is_readable_in_dark_mode():
    assert "prefers-color-scheme: dark" in draw(ROWS)


def test_results_replace_only_what_is_between_the_markers():
    written = with_results(f"Before\n{BEGIN}\nold\n{END}\nAfter\n", ABOUT, ROWS)
    command = "- Command: `python -m benchmarks --write-docs`"
    assert written.startswith(f"Before\n{BEGIN}\n\n{command}\n- Date: 2026-01-01\n")
    assert written.endswith(f"{END}\nAfter\n")
    assert "old" not in written
    assert with_results(written, ABOUT, ROWS) == written


def test_page_has_the_markers_in_its_results():
    assert re.findall("<!-- .+ -->", section(PAGE, "Results")) == [BEGIN, END]


def test_page_has_the_chart_if_it_has_results():
    assert (CHART.name in PAGE) == CHART.exists()


def test_page_names_the_command_the_extra_and_every_option():
    [line] = blocks(section(PAGE, "Run it"), "console")
    assert ".[benchmarks]" in line
    assert line.endswith("python -m benchmarks\n")
    options = re.findall(r"^- `(--[\w-]+)", section(PAGE, "Run it"), re.M)
    assert {*options} == {*re.findall(r"--[\w-]+", command.parser().format_usage())}


def test_page_names_every_subject():
    assert {f"`{subject}`" for subject in command.SUBJECTS} <= {*re.findall(r"`\w+`", PAGE)}


def test_goals_are_about_subjects_that_are_measured():
    assert {goal.subject for goal in GOALS} <= {*command.SUBJECTS}


def test_goals_about_documents_name_contenders():
    names = {name for goal in GOALS if goal.subject == "documents" for name in goal[2:4]}
    assert names <= {contender.title for contender in CONTENDERS.values()}


@pytest.mark.parametrize(
    ("contender", "base", "limits"),
    [
        ("our views", "bare Django view", ["at least 0.95"]),
        ("our middleware", "bare Django view", ["at least 1.4", "at least 2"]),
        ("our server entry", "raw server", ["at least 0.9", "at least 0.8"]),
        ("our views", "django-oauth-toolkit", ["at least 1"]),
        ("our views", "django-mcpz", ["at least 1"]),
        ("verify_jwt", "PyJWT, parsed key", ["at most 1"]),
        ("BearerProtection", "PyJWT, parsed key", ["at most 1.5"]),
        ("1,000", "1", ["at most 1.3"]),
    ],
)
def test_limit_of_a_goal(contender, base, limits):
    measured = [goal for goal in GOALS if (goal.contender, goal.base) == (contender, base)]
    rows = [
        row(name, 1, subject=measured[0].subject, group=group)
        for name in (contender, base)
        for group in dict.fromkeys(goal.group or "gunicorn" for goal in measured)
    ]
    assert [outcome.limit for outcome in outcomes(rows)] == limits


def test_partial_run_cannot_write_the_page(capsys):
    with pytest.raises(SystemExit):
        command.parse(["--quick", "--write-docs"])
    assert "needs a complete run" in capsys.readouterr().err


@pytest.mark.clients
def test_quick_run_for_one_server_measures_every_document(tmp_path):
    if program("wrk") is None:
        unavailable(WRK_IS_MISSING)
    options = ["--quick", "--only", "documents", "--server", "gunicorn"]
    file = tmp_path / "results.json"
    subprocess.run(
        [sys.executable, "-m", "benchmarks", *options, "--json", str(file)],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    )
    results = json.loads(file.read_text())
    ours = {(row["contender"], row["case"]) for row in results["rows"] if row["median"] > 0}
    assert {
        (contender, case)
        for contender in ("raw server", "bare Django view", "our views", "our server entry")
        for case in ("PRM", "AS metadata", "JWK Set")
    } <= ours
    assert results["about"]["Command"].endswith("--server gunicorn --json " + str(file))
