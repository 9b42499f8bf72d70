"""Languages of the pages: selection by reader, and translation."""
