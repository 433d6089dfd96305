"""Internal: what the standards say, in plain Python, without Django."""
