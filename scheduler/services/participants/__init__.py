"""The people desk: firms, people and interpreters changed, withdrawn, merged, and all of it undone."""

__all__ = ["journal"]
