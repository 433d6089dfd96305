"""Says what a project still needs, with the lines to paste, for `mcp_discovery init`."""
