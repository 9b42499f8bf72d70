"""One module per command. At import time they import only click and the standard library."""
