"""Mails on their way: claimed, rendered, sent, refused, failed; the texts of an event."""
