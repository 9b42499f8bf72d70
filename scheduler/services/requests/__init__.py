"""Meeting requests: creation, transitions, lists and outcomes."""

__all__ = ["digests", "unscheduled_requests"]
