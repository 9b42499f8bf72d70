"""Exhibitor dashboard: what to do now."""
