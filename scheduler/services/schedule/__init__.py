"""Schedule versions, and what people see of the published one: agendas and feeds."""

__all__ = [
    "agendas",
    "bookings",
    "broken_meetings",
    "calendar_entries",
    "feed_addresses",
    "feed_states",
    "feeds",
    "history",
    "labels",
    "meeting_ends",
    "notified_changes",
    "published_changes",
    "scheduled",
    "unscheduled",
    "versions",
]
