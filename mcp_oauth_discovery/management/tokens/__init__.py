"""What `mcp_discovery token` says about one token, rule by rule."""
