"""Pages of the feature remedies."""
