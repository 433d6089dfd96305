"""The load run: the example under gunicorn with two workers, while keys rotate and are revoked."""
