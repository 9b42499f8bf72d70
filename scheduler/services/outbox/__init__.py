"""The outbox: mails that wait, and what each says."""
