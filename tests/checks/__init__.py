"""The system checks, each on a site that is healthy but for one thing."""
