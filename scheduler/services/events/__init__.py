"""Events: creation, settings, dashboard, overnight schedule and archives."""

__all__ = ["archives"]
