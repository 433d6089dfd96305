"""The two test commands: the README, CONTRIBUTING, tox and the gate agree on them."""

from __future__ import annotations

import configparser
import re
import shlex

import pytest

from tests.markdown import CHECKOUT, blocks, read
from tests.selection import COMMAND_OF_OTHERS, DEFAULT, LONG, OTHERS, longest_first

TEST_COMMAND = (
    "python3 -m venv .venv && .venv/bin/pip install --quiet --editable '.[test]' "
    "&& .venv/bin/python -m pytest -n auto --dist loadfile"
)


def tox_ini() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(read("tox.ini"))
    return parser


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
@pytest.mark.parametrize("command", [TEST_COMMAND, COMMAND_OF_OTHERS], ids=["default", "others"])
def test_page_has_the_command_in_a_block_of_its_own(page, command):
    assert f"{command}\n" in blocks(read(page), "console")


def test_bare_pytest_and_tox_run_the_default_selection():
    options = shlex.split(tox_ini()["pytest"]["addopts"])
    assert options[options.index("-m") + 1] == DEFAULT
    assert " -m " not in tox_ini()["testenv"]["commands"]


def test_gate_runs_both():
    lines = read(".ci/run").splitlines()
    [others] = [line for line in lines if "again.py" in line and OTHERS in line]
    assert TEST_COMMAND in lines
    assert set(shlex.split(COMMAND_OF_OTHERS)[1:]) - {"pytest"} <= {*shlex.split(others), "-m"}


def test_tests_that_tox_names_are_there():
    names = {name: text.split() for name, text in tox_ini()["versions"].items()}
    assert set(names) == {"oldest_python", "django_between", "newest"}
    paths = [path for listed in names.values() for path in listed]
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []


def test_readme_command_has_every_test_in_the_gate_and_no_pair_of_tox_has():
    tox = tox_ini()
    whole = [line for line in tox["testenv"]["commands"].split("\n") if "{posargs}" in line]
    pairs = {line.partition(":")[0] for line in whole}
    assert "py312-dj61" in pairs
    assert pairs.isdisjoint(re.findall(r"py\d+-dj\d+", tox["tox"]["labels"]))


def test_long_modules_are_there():
    assert [path for path in LONG if not (CHECKOUT / path).exists()] == []


def test_long_modules_are_handed_out_first_and_then_those_with_the_most_tests():
    nodeids = ["tests/a.py::x", "tests/b.py::y[::1]", "tests/b.py::z", f"{LONG[3]}::z"]
    nodeids += ["tests/c.py::x", f"{LONG[1]}::x"]
    assert longest_first(nodeids) == [LONG[1], LONG[3], "tests/b.py", "tests/a.py", "tests/c.py"]
    assert "--no-loadscope-reorder" in shlex.split(tox_ini()["pytest"]["addopts"])


def test_tests_that_databases_run_are_there():
    listed = re.findall(r"^  (tests/\S+)$", read(".ci/databases"), re.M)
    assert len(listed) > 10
    paths = [name.partition("::")[0] for name in listed]
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []
