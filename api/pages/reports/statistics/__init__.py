"""Pages of the feature figures."""
