"""The moves of the search, one a module, and the greedy first plan."""
