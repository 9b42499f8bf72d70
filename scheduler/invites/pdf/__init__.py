"""PDF writer for blocks of text: layout, fonts, line breaking and file format."""
