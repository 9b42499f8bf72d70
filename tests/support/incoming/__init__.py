"""What people and machines answer to an invitation, as cases with the best outcome of each.

The tests (`tests/integration/emails/inbound/test_cases.py`) and `benchmarks.inbound` run the same cases.
"""
