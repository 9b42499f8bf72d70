"""Making a schedule: solver runs, scenarios, the review of changes, fairness and suggested fixes."""
