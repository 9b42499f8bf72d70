"""Outgoing email: iMIP (RFC 6047), summaries, sign-in links, alerts."""
