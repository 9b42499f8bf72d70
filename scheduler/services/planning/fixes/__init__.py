"""Suggested fixes: why requests are unscheduled, in groups, and the changes that would schedule them."""
