"""Tables of personal names, places and legal forms, one a country."""
