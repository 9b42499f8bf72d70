"""Words of mails, and how many of them go out."""
