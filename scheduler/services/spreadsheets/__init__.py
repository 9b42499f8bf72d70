"""Spreadsheet import: columns, cell values, rows with faults, and changes."""

__all__ = ["cell_values", "changes", "columns", "firms", "meeting_times", "people"]
