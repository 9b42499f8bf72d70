"""The whole problem as one model of CP-SAT."""
