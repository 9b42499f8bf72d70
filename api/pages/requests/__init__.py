"""Pages of the feature requests."""
