"""Mails on their way out: claimed, made, sent, refused, and what organisers do about them."""

__all__ = ["address_reports", "mail_texts", "remembering"]
