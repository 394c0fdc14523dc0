"""The embedded stack: the bridge's real functions on this machine, without an AWS account and without Docker."""
