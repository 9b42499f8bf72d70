"""Tests of bulk requests."""
