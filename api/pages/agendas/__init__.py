"""Pages of the feature agenda."""
