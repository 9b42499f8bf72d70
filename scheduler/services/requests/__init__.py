"""Meeting requests: what may be asked, the steps, lists, and what became of them."""

__all__ = ["unscheduled_requests"]
