"""Columns of the table that `weigh` fills: a row a way to hold a request."""

WIDTH = 7

START, GROUP, OPTION = 0, 1, 2
"""Where and with whom the request is held."""
EJECTED = 3
"""How many other meetings give way."""
UNPLACED = 4
"""How many of them fit nowhere afterwards, one after the other."""
PLACED = 5
"""Whether the request is held there and the limits of H12 and H13 are no further exceeded than before."""

INTERPRETER = 6
"""Who interprets, as a person of `State.at`, or -1."""

FIGURES = 2

GAIN = 0
"""What the way does to the score, when each meeting that gives way takes the best place left in turn."""
UPPER_BOUND = 1
"""What it can do at most, wherever they go."""
