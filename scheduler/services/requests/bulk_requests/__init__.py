"""Bulk requests: drafts, templates, and actions on several requests at once."""
