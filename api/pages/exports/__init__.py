"""Exports: lists, print packs and the whole event as files."""
