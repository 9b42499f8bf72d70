"""Mails that come in: kept, judged once, left to a person if need be."""
