"""Interpreter notices: one email per interpreter and publication; each change is sent once."""
