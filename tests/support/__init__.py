"""Test support: factories, builders, servers, and independent reference implementations."""
