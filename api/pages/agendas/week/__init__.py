"""The firm's calendar page."""
