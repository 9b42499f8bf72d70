"""Tests of self-registration of firms."""
