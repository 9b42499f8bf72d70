"""Digest emails about requests: their links and subscriptions."""
