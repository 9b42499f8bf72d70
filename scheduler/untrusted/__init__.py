"""Octets of strangers, worked on in child processes with limits: `reading` is what the rest calls."""
