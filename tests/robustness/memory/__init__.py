"""The memory run: a million different requests to gunicorn and to uvicorn."""
