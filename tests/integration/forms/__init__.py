"""Every form of the pages: bad input, and a session that is lost."""
