"""The trail: who did what, as whom, when, with before and after."""

__all__ = ["acts", "recording", "subjects", "subscribe"]
