"""Drafts that organisers change by hand."""
