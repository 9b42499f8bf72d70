"""An event frozen into the problem that a run solves."""
