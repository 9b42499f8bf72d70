"""Agendas as text and PDF."""
