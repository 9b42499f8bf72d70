"""From a draft to what calendars are told: comparison, release, the net effect."""

__all__ = ["overnight", "version_actions", "version_jobs"]
