"""Overnight publishing: the limits of an unattended publishing, and its report."""

__all__ = ["overnight_budget"]
