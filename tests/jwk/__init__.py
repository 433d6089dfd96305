"""Tests of keys as JWK and PEM."""
