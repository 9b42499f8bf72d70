"""Tests of every form: invalid input, and a lost session."""
