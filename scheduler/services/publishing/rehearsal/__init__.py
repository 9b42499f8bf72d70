"""An event in rehearsal: what would have gone to whom, and going live."""
