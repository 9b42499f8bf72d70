"""Mails that are on their way."""
