"""Rehearsal pages."""
