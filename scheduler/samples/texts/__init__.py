"""English texts of an invented event: what firms make, how they describe it, what they ask each other."""
