"""Pages of the feature imports."""
