"""What clients, operators and the key store get while something is broken: docs/robustness.md."""
