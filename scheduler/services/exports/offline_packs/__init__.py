"""Offline packs: files with which an event goes on without its server."""
