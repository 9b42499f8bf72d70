"""The first page of exhibitors."""
