"""Columns of `Data.options`: a row a choice of people for a request."""

WIDTH = 3

PEOPLE_BEGIN, PEOPLE_END = 0, 1
"""The range of its attendees in `Data.option_people`."""
CLASS = 2
"""The class of interpreters of whom it needs one, or -1 (H7): a row of `Data.class_words`."""
