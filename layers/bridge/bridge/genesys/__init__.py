"""What Genesys Cloud understands: SCIM documents, client, token, regions."""
