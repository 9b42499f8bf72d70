"""Columns of `State.log`: a row a step of the move that is being made, for its undo."""

WIDTH = 6

SLOT, GROUP, OPTION, INTERPRETER = 0, 1, 2, 3
"""Where the request is held after the step, or was held before it, as in `held`."""
REQUEST = 4
LINKED = 5
"""1 if the step held the request, 0 if it released it."""
