"""Attendee replies by email, link or counter-proposal, and the effects of a decline."""

__all__ = ["counter_proposals", "decline_effects", "substitutes"]
