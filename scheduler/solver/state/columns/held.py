"""Columns of `State.held`, and of each table of a plan: a row a request."""

WIDTH = 4

SLOT = 0
"""The start, or -1 for a request that is not held. The other columns mean nothing then."""
GROUP = 1
OPTION = 2
INTERPRETER = 3
"""In the numbers of people, or -1 for none."""
