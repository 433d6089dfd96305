"""The preset for django-oauth-toolkit in a project that adds nothing of its own."""
