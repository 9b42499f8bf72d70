"""Briefings: what interpreters are told of a published schedule, each change once."""
