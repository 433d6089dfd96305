"""`mcp_discovery init`: what a project has, what it lacks, and the lines to paste."""
