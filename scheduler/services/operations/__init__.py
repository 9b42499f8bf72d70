"""Background health: alerts, heartbeats, clock skew and database retries."""

__all__ = ["alerts", "database_retries", "job_intervals", "passkey_alerts", "restored_copy", "site_pause"]
