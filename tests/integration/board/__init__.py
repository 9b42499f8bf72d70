"""Drafts by hand, and the board that changes them."""
