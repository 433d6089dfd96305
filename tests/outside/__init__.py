"""Tokens of other servers: stand-ins for providers, which are real HTTP servers on this machine."""
