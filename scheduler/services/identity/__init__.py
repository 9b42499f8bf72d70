"""Access: actors, rights, sign-in, sessions and tokens."""

__all__ = [
    "actors",
    "chambers",
    "interpreters",
    "preferences",
    "rights",
    "sessions",
    "sign_in",
    "stopping",
    "tokens",
]
