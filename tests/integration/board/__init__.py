"""Tests of manual drafts and the board."""
