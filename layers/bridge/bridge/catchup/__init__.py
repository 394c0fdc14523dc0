"""Catch-up: what of Okta's System Log no hook has delivered."""
