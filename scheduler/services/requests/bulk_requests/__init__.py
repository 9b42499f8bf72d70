"""Asking: drafts and templates of requests, and several requests by one press."""
