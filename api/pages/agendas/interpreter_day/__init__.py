"""Pages of the feature interpreting."""
