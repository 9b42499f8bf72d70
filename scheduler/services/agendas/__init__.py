"""What one person or one firm has to do: the day, the week, an interpreter's day."""
