"""My day: the next meeting, the walk to it, and late arrivals."""
