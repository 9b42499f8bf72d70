"""Firms, people and interpreters from files; addresses and their correction."""
