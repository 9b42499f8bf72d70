"""An event frozen into the problem that a run solves."""

__all__ = ["by_hand", "policy", "scope", "snapshot", "solved"]
