"""Delegations: who travels together, who leads them, who accompanies them, and what they carry on paper."""
