"""Calendar status: replies and delivery per person, and the call list."""
