"""Reports: statistics of a version, and meeting outcomes."""
