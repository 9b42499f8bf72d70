"""What came of meetings, and the chain report."""
