"""Agendas of a person or firm: the day, the week, and an interpreter's day."""
