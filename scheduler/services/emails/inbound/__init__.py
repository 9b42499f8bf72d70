"""Inbound emails: stored, judged once, and left to an organiser where needed."""
