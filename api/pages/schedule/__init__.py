"""Pages of the feature schedule."""
