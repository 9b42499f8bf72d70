"""Pages of the feature my day."""
