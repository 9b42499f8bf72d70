"""Firms that register themselves."""
