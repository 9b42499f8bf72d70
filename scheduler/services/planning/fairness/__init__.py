"""Fairness of a version: how evenly its meetings are distributed over firms and groups."""
