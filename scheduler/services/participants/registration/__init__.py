"""Firms that register themselves on a public page: written, confirmed by mail, decided by organisers."""
