"""The languages of the pages: which one a reader gets, and what a text is in it."""
