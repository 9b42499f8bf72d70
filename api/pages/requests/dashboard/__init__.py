"""The dashboard of exhibitors."""
