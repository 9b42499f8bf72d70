"""Chainmeet's core: everything that is neither Flask nor Celery."""
