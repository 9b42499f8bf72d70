"""Partners that a firm might want to meet, with the reason for each."""
