"""Tests of the feature asking."""
