"""The search for a plan: the only place that imports ortools."""
