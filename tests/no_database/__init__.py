"""A resource server without a database: another site issues the tokens."""
