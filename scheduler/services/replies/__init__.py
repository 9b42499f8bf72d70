"""Answers of attendees: by mail, by link, or with another time, and the effect of a decline."""

__all__ = ["counter_proposals", "decline_effects", "substitutes"]
