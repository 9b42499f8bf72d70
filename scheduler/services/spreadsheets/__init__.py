"""What cells of spreadsheets mean: columns, values, rows with their faults, and what rows change."""

__all__ = ["changes", "columns", "firms", "people", "times", "values"]
