"""Venue: days, halls, tables and areas, and what a change affects."""
