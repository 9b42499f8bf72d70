"""A firm's own people, managed by its exhibitors."""
