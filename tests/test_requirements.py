"""Which releases of other packages this one may be installed beside."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from tests.test_docs_of_the_package import setup_cfg


@pytest.mark.parametrize(
    ("version", "is_allowed"),
    {
        "5.2.14": False,
        "5.2.15": True,
        "6.0": False,
        "6.0.5": False,
        "6.0.6": True,
        "6.1": True,
    }.items(),
)
def test_django_that_serves_cached_answers_to_other_users_is_refused(version, is_allowed):
    lines = setup_cfg()["options"]["install_requires"].split("\n")
    [django] = [Requirement(one) for one in lines if one.startswith("django>")]
    assert (version in django.specifier) is is_allowed
