"""Solver runs: queue, snapshot, solve, validate and store.

Includes overnight runs, distributed search and recovery.
"""
