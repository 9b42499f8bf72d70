"""Tests of exports, on both databases."""
