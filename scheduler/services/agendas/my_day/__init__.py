"""One day of one person in the halls: the next meeting, the walk there, and who is late."""
