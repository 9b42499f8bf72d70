"""An event in rehearsal, and going live."""
