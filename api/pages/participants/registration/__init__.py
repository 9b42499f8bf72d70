"""Self-registration of firms: the public form, and the organisers' list."""
