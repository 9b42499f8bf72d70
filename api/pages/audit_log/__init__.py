"""The trail: who did what in an event, and on the installation."""
