"""Pages of the feature events."""
