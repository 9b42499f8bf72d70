"""Pages of the feature colleagues."""
