"""The week of a firm: who of it meets whom, what changed, and who takes over."""
