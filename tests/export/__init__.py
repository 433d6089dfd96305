"""The command `mcp_discovery export`, the directory that it writes, and the web servers there."""
