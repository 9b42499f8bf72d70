"""The page My day."""
