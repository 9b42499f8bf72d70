"""Columns of `Data.requests`: a row a request, held or not."""

WIDTH = 21

LENGTH = 0
"""Slots that it takes."""
SENDER, RECEIVER = 1, 2
"""The firms. A loop over both sides runs from `SENDER` to `RECEIVER`."""
OPTIONS_BEGIN, OPTIONS_END = 3, 4
"""The range of its choices of people, as rows of `Data.options`."""
GROUPS_BEGIN, GROUPS_END = 5, 6
"""The range of the groups of places that it may use, in `Data.group_list`."""
BEFORE_BEGIN, BEFORE_END = 7, 8
"""The range of the requests that have to end before it starts, in `Data.before` (H11)."""
AFTER_BEGIN, AFTER_END = 9, 10
"""The range of those that have to start after it ends, in `Data.after` (H11)."""
PUBLISHED = 11
"""Whether it is held in the published plan."""
PUBLISHED_SLOT, PUBLISHED_GROUP, PUBLISHED_OPTION, PUBLISHED_INTERPRETER = 12, 13, 14, 15
"""As it was published, -2 for what is gone, or was not published."""
COUNTED = 16
"""Whether `max_moved` counts its change (H13)."""
LOCKED = 17
"""Whether it may not be moved: frozen (H10), or outside of what a search may change."""
PUBLISHED_PEOPLE_BEGIN, PUBLISHED_PEOPLE_END = 18, 19
"""The range of the attendees who sat in it as published, in `Data.published_people`."""
MUST = 20
"""Whether it is compulsory (H1)."""
