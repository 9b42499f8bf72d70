"""Why requests are not held, as work to be done: groups, what would help, and the buttons that do it."""
