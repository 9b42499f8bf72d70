"""Pages of the feature account."""
