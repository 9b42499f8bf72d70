"""An event as a whole: copied, put away, deleted."""
