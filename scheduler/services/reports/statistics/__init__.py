"""Statistics of a version: hall load, chain flow, walking, and responses by day."""
