"""Delegations: members, leaders, escorts and print packs."""
