"""Reports on an event: statistics of a version, and outcomes of meetings."""
