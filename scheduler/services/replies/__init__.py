"""Replies of attendees by email, link or counter-proposal, and the effect of a decline."""

__all__ = ["counter_proposals", "decline_effects", "substitutes"]
