"""Pages of interpreters."""
