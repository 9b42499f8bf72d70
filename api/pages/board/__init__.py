"""Board pages: a manual draft as a grid of times by places or people."""
