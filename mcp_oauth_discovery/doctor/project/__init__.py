"""Internal: what knows Django: the project in this process, its endpoints and its threads."""
