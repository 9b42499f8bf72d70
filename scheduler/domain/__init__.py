"""What the software is about, in the standard library and numpy only: no input or output, no clock."""
