"""The venue: days, halls, tables, areas, and what a change of it touches."""
