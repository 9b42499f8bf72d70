"""Domain model. Standard library and numpy only; no I/O and no clock."""
