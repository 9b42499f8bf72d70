"""Pages of the feature what-if."""
