"""Overnight publication: the limits of an unattended publication, and its report."""

__all__ = ["overnight_budget"]
