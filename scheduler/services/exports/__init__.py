"""Exports: the whole event as one workbook, and the schedule as lists to use and to print."""

__all__ = ["prints"]
