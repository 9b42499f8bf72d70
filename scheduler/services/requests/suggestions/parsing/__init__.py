"""Parsing of profile texts for offers and needs, in English, Chinese and Hungarian."""
