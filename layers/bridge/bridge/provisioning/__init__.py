"""The decisions: what a look at a user or a group changes. Knows no AWS and no HTTP."""
