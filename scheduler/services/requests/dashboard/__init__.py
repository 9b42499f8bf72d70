"""The first page of an exhibitor: what to do now."""
