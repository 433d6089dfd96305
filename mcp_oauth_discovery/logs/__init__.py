"""Internal: what the package writes to the log, and what it keeps out of it."""
