"""Mails on their way out: claimed, made, sent, refused, and what organisers do about them."""

__all__ = ["address_reports", "email_texts", "sent_records"]
