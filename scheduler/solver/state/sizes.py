"""Limits of a move, and the sizes of the state's lists that follow from them.

Compiled code does not check whether an index is within its array (see `compiled/records`), so a list has to
be as long as a move can ever make it. The sums are here, so that a limit and its sizes change together.
`compiled/checks` can have every index looked at, which tests do.
"""

MAX_VICTIMS = 12
"""Meetings that one ejection move may eject for its people and places, and again for its interpreter."""
MAX_DEPTH = 6
"""Queued meetings that one move may insert by ejection, after the ejection that it begins with."""
MAX_LENGTH = 24
"""Meetings of a Kempe chain."""

VICTIM_ROWS = MAX_VICTIMS
"""`operators/victims` adds none to a full list: the ejection fails."""

_EJECTED = (1 + MAX_DEPTH) * 2 * MAX_VICTIMS
"""Each insertion ejects twice: for the meeting, then for its interpreter."""

QUEUE_ROWS = max(_EJECTED, MAX_LENGTH)
"""A meeting that a move has placed is no victim again in that move, so each ejected one is queued once."""

LOG_ROWS = max(2 + 3 * _EJECTED, 2 * MAX_LENGTH)
"""A chain begins with a meeting that is released and held: 2 rows. A queued meeting writes one row when it is
released. Then it writes one when it is held again, or two when it stays out and both its firms get another
meeting. A Kempe chain releases and holds each of its meetings: 2 rows. Other moves write less."""
