"""Tests of the management command: what it says, does, and leaves alone when it fails."""
