"""The doctor: walks the discovery of an MCP endpoint as clients do, and says what is wrong."""
