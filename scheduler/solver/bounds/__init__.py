"""Proved upper bounds: in closed form, and by linear programs over days."""
