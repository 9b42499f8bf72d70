"""An event as a whole: moved between installations, copied, put away, deleted."""
