"""Transports of emails and calendars: SMTP, IMAP, HTTPS."""
