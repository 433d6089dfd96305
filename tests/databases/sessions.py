"""The sessions of a database server that outlive whoever has begun them."""

from __future__ import annotations

from django.db import connection


def end_sessions():
    """Have PostgreSQL notice that others are gone: it drops no database that is in use."""
    if connection.vendor == "postgresql":
        connection.close()
        # Past the connections of Django, which a fixture may not use.
        with connection.Database.connect(**connection.get_connection_params()) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
