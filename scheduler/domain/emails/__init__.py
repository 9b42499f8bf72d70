"""Enumerations, rate limits and mailbox rules for email and print."""
