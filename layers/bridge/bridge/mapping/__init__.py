"""From an Okta profile to SCIM attributes: the attribute map and E.164."""
