"""Runs of the solver: queue, snapshot, solve, check and store.

Also overnight runs, shared searches and recovery.
"""
