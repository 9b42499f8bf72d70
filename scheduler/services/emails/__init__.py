"""Inbound emails, and the calendar status of invitations per person."""

__all__ = ["email_addresses"]
