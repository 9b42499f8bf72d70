"""Replies to an invitation, by people and machines, each with its best possible outcome.

The tests (`tests/integration/emails/inbound/test_cases.py`) and `benchmarks.inbound` run the same cases.
"""
