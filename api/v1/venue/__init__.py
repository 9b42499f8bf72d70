"""The venue, and changes of it."""
