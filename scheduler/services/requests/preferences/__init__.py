"""Wishes: what a firm wants most of what it asked for, and when it could be."""
