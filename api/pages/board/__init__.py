"""The board on pages: a draft by hand as a grid of times by places or people."""
