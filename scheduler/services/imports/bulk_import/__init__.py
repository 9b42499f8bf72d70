"""Files and rows brought in: by a worker, by a program."""
