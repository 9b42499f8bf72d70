"""Solver runs: queue, snapshot, solve, check and store.

Includes overnight runs, distributed searches and recovery.
"""
