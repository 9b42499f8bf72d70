"""What cells of spreadsheets mean: columns, values, rows with their faults, and what rows change."""

__all__ = ["cell_values", "changes", "columns", "firms", "meeting_times", "people"]
