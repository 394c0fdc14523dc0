"""The Okta to Genesys Cloud bridge: an Okta event is a hint, Okta is the truth, Genesys Cloud follows."""
