"""Email delivery: claims, rendering, sending, refusals, and organisers' actions."""

__all__ = ["address_reports", "email_texts", "journal_lines", "mail_check", "sent_records"]
