"""The decisions: what a sync of a user or a group changes. Knows no AWS and no HTTP."""
