"""Whole plans: seating, the check by the rules, the incumbent, and the start plan."""
