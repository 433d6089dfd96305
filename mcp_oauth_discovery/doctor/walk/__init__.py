"""Internal: what the doctor asks of a server, and what it observed."""
