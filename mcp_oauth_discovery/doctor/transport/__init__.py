"""Internal: one request to a server, and what came back."""
