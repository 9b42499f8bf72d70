"""A plan in memory while it is searched: tables, gains of a change, places for a meeting, undo."""
