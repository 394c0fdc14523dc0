"""Approvals: a person's decision on a hold, under the name that AWS confirms."""
