"""Simulated annealing by several threads and helpers, each on some days."""
