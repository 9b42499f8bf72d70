"""Emails that come in, and what has become of invitations, person by person."""
