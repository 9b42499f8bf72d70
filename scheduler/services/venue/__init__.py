"""Venue: days, halls, tables and areas, and the effects of changing them."""
