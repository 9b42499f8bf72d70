"""Team of an event, and operators of the installation."""
