"""Rehearsal: an event's emails are recorded and not sent, until it goes live."""
