"""The team of an event, and the operators of the installation."""
