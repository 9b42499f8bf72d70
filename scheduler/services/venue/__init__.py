"""The venue at any time: what it is, what a change of it touches, and the change itself."""
