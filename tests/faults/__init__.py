"""Faults that are injected into a running installation, and an auditor that compares promises with facts.

`table.py` has every fault, and the test that injects it here or elsewhere. `make faults` runs them all.
"""
