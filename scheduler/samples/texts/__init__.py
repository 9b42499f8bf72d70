"""Texts of an invented event: what firms make and need, in their languages; what they ask each other."""
