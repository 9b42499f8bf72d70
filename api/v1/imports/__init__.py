"""Rows that a program brings."""
