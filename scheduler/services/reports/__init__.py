"""Reports on an event: statistics of a version, and the outcomes of meetings."""
