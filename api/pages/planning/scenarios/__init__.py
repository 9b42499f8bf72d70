"""Scenario pages."""
