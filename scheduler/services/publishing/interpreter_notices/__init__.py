"""Interpreter notices: one email per interpreter and publishing, each change sent once."""
