"""The embedded stack: its programs, their supervisor, its folder."""
