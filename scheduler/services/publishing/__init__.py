"""Publishing: compares a draft with the published schedule, releases it and derives the emails."""

__all__ = ["overnight", "version_actions", "version_jobs"]
