"""What a night may publish by itself, and what is told of it in the morning."""

__all__ = ["overnight_budget"]
