"""Tests of the feature wishes."""
