"""Pages of the flows through the rooms, made by running each: `python -m tests.support.flows` renews them."""
