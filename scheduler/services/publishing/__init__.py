"""Publishing: compare a draft with the published schedule, release it, and derive the emails."""

__all__ = ["overnight", "restored_calendars", "version_actions", "version_jobs"]
