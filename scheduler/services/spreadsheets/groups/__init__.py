"""Sheets of those who come together: delegations, and guests of honour."""
