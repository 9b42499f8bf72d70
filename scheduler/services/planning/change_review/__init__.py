"""The changes of a draft as decisions: why each, what it buys, whether it is rejected."""
