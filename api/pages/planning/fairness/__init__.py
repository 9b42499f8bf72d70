"""Pages of the feature fairness."""
