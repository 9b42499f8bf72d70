"""From a draft to what calendars are told: comparison, release, the net effect."""

__all__ = ["orders", "overnight", "version_jobs"]
