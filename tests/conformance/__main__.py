"""Write docs/conformance.md from the data files: `python -m tests.conformance`."""

from __future__ import annotations

from tests.conformance.page import PAGE, with_rows, with_suite

PAGE.write_text(with_suite(with_rows(PAGE.read_text(encoding="utf-8"))), encoding="utf-8")
