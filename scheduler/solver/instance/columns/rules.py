"""Entries of `Data.rules`: settings of the policy, and counts."""

WIDTH = 11

BREAKS = 0
"""Whether an idle figure counts breaks rather than slots."""
ATTENDEES = 1
"""How many of the people are attendees. Interpreters come after them."""
MAX_MOVED = 2
"""The most counted published meetings that may be changed (H13)."""
SPREAD = 3
"""How far the idle figures of two attendees may stand apart (H12), -1 for no limit."""
FIRM_CAPS = 4
"""Whether any firm has a cap a day: else these are not counted."""
DAYS, HALLS = 5, 6
"""How many there are."""
LONG_WALKS = 7
"""Whether a walk takes longer than from the last slot of a day to the first of the next."""
PAIR_CAP = 8
"""The most meetings a day of two attendees (H15), -1 for no limit."""
ROW_CAPS = 9
"""Whether anybody may have only so many meetings in a row (H16)."""
DAYS_CAPS = 10
"""Whether anybody may have meetings on only so many days (H17)."""
