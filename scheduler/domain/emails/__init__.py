"""Words of mails and prints, and how many mails go out."""
