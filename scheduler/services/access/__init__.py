"""Who asks, and how they got in: actors, sign-in, sessions, tokens."""
