"""Pages of the feature calendar health."""
