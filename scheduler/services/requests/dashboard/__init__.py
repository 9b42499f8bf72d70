"""Exhibitor dashboard: what to do next."""
