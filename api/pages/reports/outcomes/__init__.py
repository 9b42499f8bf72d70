"""Pages of the feature outcomes."""
