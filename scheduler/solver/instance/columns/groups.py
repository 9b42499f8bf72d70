"""Columns of `Data.groups`: a row a group of places that are alike."""

WIDTH = 3

HALL = 0
SEATS = 1
"""The most meetings that fit at once, in its best slot."""
FIRST_SEAT = 2
"""Where its list of meetings begins in `State.seated`: `SEATS` entries a slot."""
