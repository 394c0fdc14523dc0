"""Calls to other services: HTTP, tokens, what failed of late, and when to call no more."""
