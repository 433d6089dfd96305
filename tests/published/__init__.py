"""Tests of the copy of the published keys that each process keeps."""
