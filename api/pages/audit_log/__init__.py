"""Audit log of an event and of the installation."""
