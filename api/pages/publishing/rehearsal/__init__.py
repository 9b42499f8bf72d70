"""An event in rehearsal: its mails, and going live."""
