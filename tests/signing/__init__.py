"""Tests of the tokens that this site signs and verifies."""
