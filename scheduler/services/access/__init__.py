"""Access: actors, rights, sign-in, sessions and tokens."""
