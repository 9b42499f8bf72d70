"""Settings of the event, its overnight runs and its scheduling priorities."""
