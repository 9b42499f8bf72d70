"""Fairness of a version: how evenly meetings are distributed over firms and groups."""
