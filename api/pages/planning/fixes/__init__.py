"""Pages of suggested fixes."""
