"""Demo: a generated full-size expo, planned, published and invited."""
