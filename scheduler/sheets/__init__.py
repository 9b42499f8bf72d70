"""Spreadsheets: octets of XLSX, XLS, ODS and delimited text in, rows of text out; and workbooks out."""
