"""How mails and calendars travel: SMTP, IMAP, HTTPS."""
