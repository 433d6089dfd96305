"""Write docs/conformance.md from the data files: `python -m tests.conformance`."""

from __future__ import annotations

from tests.conformance.page import PAGE, with_rows

PAGE.write_text(with_rows(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
