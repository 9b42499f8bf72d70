"""What happens while nobody looks: alerts, pulses, clocks, patience with the database."""

__all__ = ["alerts", "database_retries"]
