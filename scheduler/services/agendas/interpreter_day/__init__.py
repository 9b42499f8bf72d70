"""What an interpreter does: their own day."""
