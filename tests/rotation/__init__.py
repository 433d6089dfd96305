"""Tests of every change of the key store."""
