"""Runs: queued, snapshot, solved, checked, kept; overnight, shared, recovered."""
