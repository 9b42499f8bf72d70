"""The people desk on pages: tables of firms, people, interpreters and requests, and what is done to them."""
