"""Identity: actors, rights, sign-in, sessions and tokens."""

__all__ = [
    "actors",
    "api_clients",
    "consents",
    "delegation_managers",
    "encryption",
    "interpreters",
    "oidc_client",
    "oidc_sign_in",
    "onboarding",
    "passkeys",
    "preferences",
    "privacy_notices",
    "rights",
    "second_factor",
    "sessions",
    "sign_in",
    "summary_subscriptions",
    "tokens",
]
