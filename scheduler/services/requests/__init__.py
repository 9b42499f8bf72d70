"""Meeting requests: creation, transitions, lists and outcomes."""

__all__ = ["unscheduled_requests"]
