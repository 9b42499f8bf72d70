"""Schedule planning: solver runs, scenarios, change review, fairness and suggested fixes."""
