"""Mails about requests: their links, and what a person wants of them."""
