"""Exports of plugins."""
