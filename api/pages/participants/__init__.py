"""Participants: tables of firms, people, interpreters and requests, and actions on them."""
