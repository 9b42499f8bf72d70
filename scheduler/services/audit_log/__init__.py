"""Audit log: who did what, in which role, when, with values before and after."""

__all__ = ["acts", "erasure", "recording", "subjects", "subscribe"]
