"""What is told in the morning of what the night did."""
