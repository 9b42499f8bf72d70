"""Firms register themselves: the public page, and the organisers' list."""
