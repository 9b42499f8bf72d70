"""A local mail server that stores and shows every email, for the embedded stack and tests only."""
