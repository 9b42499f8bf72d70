"""Scenarios: solve a modified copy of the event's problem; never touches the live schedule."""
