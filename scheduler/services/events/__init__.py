"""Events: creation, settings, dashboard, overnight schedule and archives."""
