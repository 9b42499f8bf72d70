"""Pages of the feature availability."""
