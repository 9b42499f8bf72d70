"""Request pages."""
