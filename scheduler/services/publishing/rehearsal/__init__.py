"""Rehearsal: an event whose emails are recorded and not sent, until it goes live."""
