"""What Okta says: events, API client, authentication."""
