"""Columns of `Data.slots`: a row a meeting time, in order of time."""

WIDTH = 6

DAY = 0
FIRST, LAST = 1, 2
"""The first and the last slot of that day."""
ROOM = 3
"""Slots left in the block, this one included: a meeting that starts here may be no longer (H2)."""
WALK_FIRST, WALK_LAST = 4, 5
"""The first and the last slot to and from which a walk may be too long (H6): those of the day, or all."""
