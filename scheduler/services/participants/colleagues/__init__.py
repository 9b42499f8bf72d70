"""The people of a firm, kept by its exhibitors."""
