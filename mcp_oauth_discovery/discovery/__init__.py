"""Internal: the documents of one request, from the settings and the keys to the HTTP response."""
