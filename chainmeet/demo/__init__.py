"""A full-size invented expo, planned, published and invited."""
