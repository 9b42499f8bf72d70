"""Identity: actors, rights, sign-in, sessions and tokens."""

__all__ = [
    "actors",
    "delegation_managers",
    "encryption",
    "interpreters",
    "onboarding",
    "preferences",
    "rights",
    "sessions",
    "sign_in",
    "summary_subscriptions",
    "tokens",
]
