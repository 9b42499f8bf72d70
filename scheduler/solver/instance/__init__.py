"""A problem as arrays, and what each request may be given, taken alone."""
