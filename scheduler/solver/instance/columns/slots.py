"""Columns of `Data.slots`: a row a meeting time, in order of time."""

WIDTH = 4

DAY = 0
FIRST, LAST = 1, 2
"""The first and the last slot of that day."""
ROOM = 3
"""Slots left in the block, this one included: a meeting that starts here may be no longer (H2)."""
