"""Chainmeet's core, independent of Flask and Celery."""
