"""Problem files, read with every fault by path, and written."""
