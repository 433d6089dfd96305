from __future__ import annotations

import pytest
from django.utils import translation

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.steps import reach
from mcp_oauth_discovery.doctor.steps.reach import REACH_CUT
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET, Deadline, Late, TimeLimits
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from tests.doctor.world import ENDPOINT, PAGE
from tests.translations.catalogues import LANGUAGES


def test_deadline_of_no_time_is_over():
    deadline = Deadline(0)
    assert deadline.is_over
    with pytest.raises(Late):
        deadline.left()


@pytest.mark.parametrize(
    ("run", "answer", "seconds", "is_last"), [(1000, 5, 5, False), (3, 5, 3, True)]
)
def test_answer_does_not_outlast_the_run(run, answer, seconds, is_last):
    deadline = Deadline(run).at_most(answer)
    assert deadline.seconds == pytest.approx(seconds, abs=1)
    assert deadline.is_last is is_last


def test_finding_about_the_budget_names_its_default():
    assert REACH_CUT.expected.endswith(f" {BUDGET:g} seconds")


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_finding_about_the_budget_names_the_one_of_the_check(language):
    limits = TimeLimits(20, 15)
    failure = limits.failure("POST", ENDPOINT, limits.deadline())
    walk = Walk(ENDPOINT, PAGE, post=Exchange(ENDPOINT, failure))
    with translation.override(language):
        [result] = reach.cut(walk)
        general = gettext(REACH_CUT.expected)
    assert result.expected == general.replace("25", "15") != general
