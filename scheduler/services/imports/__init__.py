"""Imports of firms, people, interpreters, venues and requests from spreadsheets."""
