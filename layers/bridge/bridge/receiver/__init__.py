"""The receiver: Okta's event hook."""
