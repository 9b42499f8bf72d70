"""Columns of `Data.firms`: a row a firm."""

WIDTH = 6

FLOOR = 0
"""The meetings that the firm ought to get. Each missing one costs `shortfall`."""
CAP = 1
"""The most meetings a day of all its people together (H8)."""
REQUESTS_BEGIN, REQUESTS_END = 2, 3
"""The range of its requests, sent and received, in `Data.firm_requests`. See `ranges.worth_of` as well."""
GROUPS_BEGIN, GROUPS_END = 4, 5
"""The range of the groups that it belongs to, in `Data.firm_groups`. Empty where their gap has no price."""
