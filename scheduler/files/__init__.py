"""Problem and plan files (docs/problem-format.md): parsing, with all errors by path, and writing."""
