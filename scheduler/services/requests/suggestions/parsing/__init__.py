"""Parsing of profile texts into offers and needs, in English, Chinese and Hungarian."""
