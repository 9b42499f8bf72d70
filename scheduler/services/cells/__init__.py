"""What cells of spreadsheets mean: columns, values, rows with their faults, and what rows change."""
