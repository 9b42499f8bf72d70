"""Meeting outcomes from both sides, and the chain report."""
