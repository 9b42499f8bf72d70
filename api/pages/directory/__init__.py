"""Pages of the feature directory."""
