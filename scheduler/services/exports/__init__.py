"""Exports: the event as a workbook, and the schedule as lists and prints."""

__all__ = ["prints", "schedule_lists"]
