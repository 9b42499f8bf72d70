"""Pages of the feature week."""
