"""Entries of `Data.factors`: what a unit of each term of the score is worth, or costs."""

WIDTH = 12

SERVED, SHORTFALL, IDLE, HALL_CHANGE = 0, 1, 2, 3
MOVED, RELOCATED, REASSIGNED, DROPPED, REPEATED = 4, 5, 6, 7, 9
"""Changes of the published plan."""
GROUP_GAP = 8
"""Of a meeting that a group of firms lacks to the share of all requests."""
UNFAIR = 10
"""Of a unit of the fair shares. Kernels read it in `Data.firm_worth`."""
MOVED_OTHERS = 11
"""What other people cost in a meeting that is moved as well, where the policy counts that."""
