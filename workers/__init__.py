"""Celery: thin tasks that carry ids, and the one place that sends them."""
