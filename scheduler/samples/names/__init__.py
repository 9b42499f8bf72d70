"""Invented names of firms and people, in the scripts of their countries and with Latin forms."""
