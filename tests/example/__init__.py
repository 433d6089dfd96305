"""The example as a site: django-oauth-toolkit, two MCP servers, and what comes between them."""
