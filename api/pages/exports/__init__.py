"""Lists, print packs and the whole event as files."""
