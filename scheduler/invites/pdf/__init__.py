"""Blocks of text as a PDF: what a page looks like, fonts, lines, and the file."""
