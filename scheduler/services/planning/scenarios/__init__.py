"""What would be, if: an event's problem with changes, solved beside the live plan, which stays."""
