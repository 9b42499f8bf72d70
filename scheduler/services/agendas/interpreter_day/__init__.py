"""Interpreter's day."""
