"""Deployments that answer over HTTP: broken in one place, or healthy, for the doctor to look at."""
