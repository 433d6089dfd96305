"""A database backend whose connections have a schema for each tenant, as django-tenants has."""
