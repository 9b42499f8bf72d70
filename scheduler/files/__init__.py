"""Problem and plan files (docs/problem-format.md): read with every fault by path, and written."""
