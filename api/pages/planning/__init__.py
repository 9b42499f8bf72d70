"""Planning pages: solver runs, scenarios, fairness and suggested fixes."""
