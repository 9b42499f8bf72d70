"""The team of the event."""
