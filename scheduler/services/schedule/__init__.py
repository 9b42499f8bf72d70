"""Schedule versions and what people read of the published one: agendas, feeds."""

__all__ = [
    "agendas",
    "broken",
    "ending",
    "entries",
    "feed_addresses",
    "history",
    "holds",
    "labels",
    "scheduled",
    "unscheduled",
    "versions",
]
