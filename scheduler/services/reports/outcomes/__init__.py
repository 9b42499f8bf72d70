"""What came of meetings, as both sides say, and the report of the chain that met."""
