"""An agency's plugins for Chainmeet, one of each kind."""
