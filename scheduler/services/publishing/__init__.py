"""From a draft to what calendars are told: comparison, release, the net effect."""
