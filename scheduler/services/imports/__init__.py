"""Imports: firms, people and interpreters from files."""
