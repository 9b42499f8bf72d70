"""Events: made with their venue, and their settings."""
