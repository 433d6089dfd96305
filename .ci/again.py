"""Run pytest, then run failed tests once more, alone: in a new process, without other tests.

    python .ci/again.py STEP [ARGUMENTS OF PYTEST]
    python .ci/again.py --after STATUS DIRECTORY STEP [ARGUMENTS OF PYTEST]

The second form is for a first run that has ended with this status, and that had the options of
`records` in PYTEST_ADDOPTS. Tests that pass the second time are added to the file FLAKY_TESTS, with
the step. Without FLAKY_TESTS, no test is run a second time.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

# Exit codes of pytest. All other codes mean that the run is incomplete.
PASSED, FAILED = 0, 1
CRASH = re.compile(r"worker '\w+' crashed while running")


def main(arguments: list[str]) -> int:
    if arguments[0] == "--after":
        status, directory, step, *options = arguments[1:]
        return finish(int(status), Path(directory), step, options)
    step, *options = arguments
    with tempfile.TemporaryDirectory() as directory:
        status = run([*options, *records(Path(directory))])
        return finish(status, Path(directory), step, options)


def records(directory: Path) -> list[str]:
    """Return the options with which pytest records which tests fail, and why."""
    return ["-o", f"cache_dir={directory}/cache", f"--junitxml={directory}/report.xml"]


def run(options: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", *options]
    return subprocess.run(command, check=False).returncode


def finish(status: int, directory: Path, step: str, options: list[str]) -> int:
    """Return the status of the step: of the first run, unless a second one is useful."""
    flaky_tests = os.environ.get("FLAKY_TESTS")
    failed = failed_tests(directory)
    if status != FAILED or not flaky_tests or not failed or not can_run_again(directory, failed):
        return status
    say(f"Tests of {step} that failed and are run once more, alone: {len(failed)}.")
    status = run_alone(failed, directory, options)
    if status not in (PASSED, FAILED):
        return status
    if skipped_tests(directory):
        say("Some were skipped the second time, which does not count as passed.")
        return FAILED
    flaky = [test for test in failed if test not in failed_tests(directory)]
    with Path(flaky_tests).open("a", encoding="utf-8") as file:
        file.writelines(f"{test} ({step})\n" for test in flaky)
    return status


def run_alone(tests: list[str], directory: Path, options: list[str]) -> int:
    """Run these tests and no others, in one process."""
    # An ID that pytest cannot find again is an error. --last-failed excludes the other tests that
    # the options name.
    chosen = directory / "tests"
    chosen.write_text("\n".join(tests), encoding="utf-8")
    alone = ["-n", "0", "--last-failed", *records(directory), f"@{chosen}"]
    # The coverage of both runs is added up. The option comes first: after --no-cov it would turn
    # coverage on again.
    return run(["--cov-append", *options, *alone])


def failed_tests(directory: Path) -> list[str]:
    """Return the IDs of the tests that failed or had an error, in a fixture for example."""
    file = directory / "cache" / "v" / "cache" / "lastfailed"
    return list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []


def can_run_again(directory: Path, failed: list[str]) -> bool:
    """Say whether every failure is that of a test, not of a module or a process."""
    modules = [name for name in failed if "::" not in name]
    if modules:
        say(f"Not run again: {', '.join(modules)} could not be collected.")
    has_crashed = bool(CRASH.search((directory / "report.xml").read_text(encoding="utf-8")))
    if has_crashed:
        say("Not run again: a process of the first run has crashed.")
    return not modules and not has_crashed


def skipped_tests(directory: Path) -> int:
    suites = ElementTree.parse(directory / "report.xml").iter("testsuite")  # noqa: S314
    return sum(int(suite.get("skipped", 0)) for suite in suites)


def say(line: str) -> None:
    sys.stdout.write(f"\n{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
