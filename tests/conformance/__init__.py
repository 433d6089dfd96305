"""What the standards ask, and the tests that prove it: the source of docs/conformance.md."""
