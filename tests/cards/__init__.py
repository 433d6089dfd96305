"""The tests of the server cards and of the catalogue."""
