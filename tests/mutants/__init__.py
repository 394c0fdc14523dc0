"""Single-line mutations of the product, each of which a named quick test must catch."""
