"""An agenda as text and as a PDF."""
