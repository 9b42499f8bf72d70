"""Venue pages: days, halls, tables, areas, and previews of changes."""
