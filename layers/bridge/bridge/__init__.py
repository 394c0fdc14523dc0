"""The Okta to Genesys Cloud bridge: an Okta event is a hint, Okta is the truth, Genesys Cloud follows."""

#: The release, as VERSION at the root of the repository says it.
__version__ = "0.2.0"
