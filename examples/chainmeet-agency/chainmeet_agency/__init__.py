"""Example plugins of an agency for Chainmeet, one of each kind."""
