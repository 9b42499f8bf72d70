"""One module an arrow of the way from a request to an answer; each takes a Session, gives plain objects."""
