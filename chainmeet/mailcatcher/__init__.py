"""A local mail server that keeps every mail and shows it: for the embedded stack and for tests only."""
