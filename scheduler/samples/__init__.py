"""Invented events, made from a seed."""
