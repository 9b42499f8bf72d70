"""Background health: alerts, heartbeats, clock skew and database retries."""

__all__ = ["alerts", "database_retries", "restored_copy", "site_pause"]
