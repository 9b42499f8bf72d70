"""The command line, and the embedded stack that it runs."""
