"""How long a move gets, and the sizes of the state's lists that follow.

Compiled code does not look whether an index is within its array (see `compiled/records`), so a list has to
be as long as a move can ever make it. The sums are here, so that a limit and its sizes change together.
`compiled/checks` can have every index looked at, which tests do.
"""

MOST_VICTIMS = 12
"""Meetings that one force may eject for its people and places, and again for its interpreter."""
DEEPEST = 6
"""Queued meetings that one move may force in, after the force that it begins with."""
LONGEST = 24
"""Meetings of a Kempe chain."""

VICTIM_ROWS = MOST_VICTIMS
"""`operators/victims` adds none to a full list: the force fails."""

_EJECTED = (1 + DEEPEST) * 2 * MOST_VICTIMS
"""Each force ejects twice: for the meeting, then for its interpreter."""

QUEUE_ROWS = max(_EJECTED, LONGEST)
"""A meeting that a move has placed is no victim again in that move, so each ejected one is queued once."""

LOG_ROWS = max(2 + 3 * _EJECTED, 2 * LONGEST)
"""A chain begins with a meeting that is released and held: 2 rows. A queued meeting writes one row when it is
released; then one when it is held again, or two when it stays out and each of its firms gets another meeting.
A Kempe chain releases and holds each of its meetings: 2 rows. Other moves write less."""
