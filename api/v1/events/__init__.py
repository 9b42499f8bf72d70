"""Events of the token."""
