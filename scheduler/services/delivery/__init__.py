"""Mails on their way out: claimed, made, sent, refused, and what organisers do about them."""
