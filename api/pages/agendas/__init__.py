"""Agenda pages."""
