"""Reads one token, and prints what this project says about it, for `mcp_discovery token`."""
