"""The event, its firms and its people."""
